"""A net that learns no longer gives what it gave."""

from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import nn

from din.config import DinConfig
from din.model.activations import Dice, PReLU
from din.model.din import dense, layers_of
from din.model.folded_mlp import FoldedMLP

CONFIG = DinConfig(attention_hidden_units=(6, 5))


def learned(activation: Literal["dice", "prelu", "relu"]) -> nn.Sequential:
    """Layers of 6 and 5 after 4 numbers, in float64, with parameters and statistics as training might leave them."""
    torch.manual_seed(3)
    net = dense(replace(CONFIG, activation=activation), 4, (6, 5)).double().eval()
    for layer in net:
        if isinstance(layer, Dice | PReLU):
            layer.alpha.data = torch.randn_like(layer.alpha)
        if isinstance(layer, Dice):
            layer.running_mean.normal_(std=2)
            layer.running_var.copy_(torch.rand(len(layer.alpha)) * 9)
    return net


def settled(net: nn.Sequential, inputs_NI: torch.Tensor) -> torch.Tensor:
    """What the layers after the first give, [N], of two users with an item each, which have a bias."""
    first, *rest = net
    after = FoldedMLP(layers_of(rest))
    first_NH = first(inputs_NI) * after.before_H
    width = first_NH.shape[1]
    first_GHTK = first_NH.view(2, -1, width).mT[:, :, None]
    bias_GHT = torch.tensor([1.5, -0.5])[:, None, None].expand(2, width, 1).to(first_GHTK)
    return after((first_GHTK - bias_GHT[..., None]).contiguous(), bias_GHT.contiguous()).flatten()


@torch.inference_mode()
@pytest.mark.parametrize("activation", ["dice", "prelu", "relu"])
def test_every_value_is_that_of_the_layers(activation: Literal["dice", "prelu", "relu"]) -> None:
    net, inputs_NI = learned(activation), torch.randn(14, 4).double() * 3

    assert torch.allclose(settled(net, inputs_NI), net(inputs_NI).squeeze(1), atol=1e-12)


@torch.inference_mode()
def test_where_dice_has_become_linear_its_value_is_near() -> None:
    net, inputs_NI = learned("dice"), torch.randn(14, 4).double() * 3
    for layer in net:
        if isinstance(layer, Dice):
            layer.alpha.fill_(1.0)  # f(s) = s: nothing is left to divide by

    assert torch.allclose(settled(net, inputs_NI), net(inputs_NI).squeeze(1), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_a_number_that_hardly_varied_in_training_is_as_exact_in_float32() -> None:
    net, inputs_NI = learned("dice"), torch.randn(14, 4).double() * 3
    for layer in net:
        if isinstance(layer, Dice):
            layer.running_var.fill_(1e-9)
    exact_N = net(inputs_NI).squeeze(1)

    assert torch.allclose(settled(net.float(), inputs_NI.float()).double(), exact_N, rtol=1e-5, atol=1e-4)
