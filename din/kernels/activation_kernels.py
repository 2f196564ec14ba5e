"""Activations over blocks of history positions, there and back, each in one pass over memory
(din/kernels/numba_ops.py).

What goes into an activation, s, arrives without the bias of the layer before it, which these passes add.

Shapes: N positions, H the width of a layer.
"""

import numpy as np

from din.kernels.numba_ops import ZERO, compiled, prefer_512_bit, specialize_float32

ROWS_PER_SUM = 64  # so many are summed in their own precision, and those sums in float64
ONE = np.float32(1)
BITS_OF_FRACTION, EXPONENT_OF_ONE = np.int32(23), np.int32(127)  # of float32
# Of two: beyond, 1 / (1 + 2^x) is as good as 1 or 0, and products with 2^x, in any order, are still numbers.
LARGEST_POWER, LARGEST_POWER_OF_DOUBLE = np.float32(63), 500.0
# Of 2^f, |f| at most a half, through Chebyshev's points: within 1.1e-7 of it.
MINIMAX_COEFFICIENTS = np.polynomial.Chebyshev.interpolate(np.exp2, 5, domain=(-0.5, 0.5)).convert(
    kind=np.polynomial.Polynomial
)
C0, C1, C2, C3, C4, C5 = MINIMAX_COEFFICIENTS.coef.astype(np.float32)


def exp2(x):
    return 2.0 ** min(max(x, -LARGEST_POWER_OF_DOUBLE), LARGEST_POWER_OF_DOUBLE)


def exp2_float32(x):
    """To 3e-7 of itself: 2^k 2^f, |f| at most a half."""
    x = min(max(x, -LARGEST_POWER), LARGEST_POWER)
    k = np.rint(x)
    f = x - k
    power = ((((C5 * f + C4) * f + C3) * f + C2) * f + C1) * f + C0
    return power * np.int32((np.int32(k) + EXPONENT_OF_ONE) << BITS_OF_FRACTION).view(np.float32)


specialize_float32(exp2, exp2_float32)


@compiled
def add_bias(s_NH, bias_H):
    for n in range(s_NH.shape[0]):
        for h in range(s_NH.shape[1]):
            s_NH[n, h] += bias_H[h]


@compiled
def relu_with_bias(s_NH, bias_H):
    for n in range(s_NH.shape[0]):
        for h in range(s_NH.shape[1]):
            s = s_NH[n, h] + bias_H[h]
            s_NH[n, h] = ZERO if s < 0 else s  # what is no number stays so


@compiled
def relu_backward(value_NH, gradient_NH, of_bias_H):
    part_H = np.empty(value_NH.shape[1], value_NH.dtype)
    for first in range(0, value_NH.shape[0], ROWS_PER_SUM):
        part_H[:] = 0
        for n in range(first, min(first + ROWS_PER_SUM, value_NH.shape[0])):
            for h in range(value_NH.shape[1]):
                of_s = gradient_NH[n, h] if value_NH[n, h] > 0 else ZERO
                gradient_NH[n, h] = of_s
                part_H[h] += of_s
        of_bias_H += part_H


@compiled
def prelu(s_NH, alpha_H, value_NH):
    for n in range(s_NH.shape[0]):
        for h in range(s_NH.shape[1]):
            s = s_NH[n, h]
            value_NH[n, h] = s if s > 0 else alpha_H[h] * s


@compiled
def prelu_backward(s_NH, gradient_NH, alpha_H, value_NH, of_bias_H, of_alpha_H):
    part_2H = np.empty((2, s_NH.shape[1]), s_NH.dtype)
    for first in range(0, s_NH.shape[0], ROWS_PER_SUM):
        part_2H[:] = 0
        for n in range(first, min(first + ROWS_PER_SUM, s_NH.shape[0])):
            for h in range(s_NH.shape[1]):
                s, gradient = s_NH[n, h], gradient_NH[n, h]
                slope = ONE if s > 0 else alpha_H[h]
                below = min(s, ZERO)
                value_NH[n, h] = slope * s
                gradient_NH[n, h] = slope * gradient
                part_2H[0, h] += slope * gradient
                part_2H[1, h] += below * gradient
        of_bias_H += part_2H[0]
        of_alpha_H += part_2H[1]


@compiled
def bias_and_moments(s_NH, bias_H, times_N, about_H, sums_2H):
    """Adds the bias, and to the sums those of what then is off `about_H` and of its squares; each counts `times_N`."""
    part_2H = np.empty((2, s_NH.shape[1]), s_NH.dtype)
    for first in range(0, s_NH.shape[0], ROWS_PER_SUM):
        part_2H[:] = 0
        for n in range(first, min(first + ROWS_PER_SUM, s_NH.shape[0])):
            times = times_N[n]
            for h in range(s_NH.shape[1]):
                s = s_NH[n, h] + bias_H[h]
                s_NH[n, h] = s
                off = s - about_H[h]
                part_2H[0, h] += times * off
                part_2H[1, h] += times * off * off
        sums_2H += part_2H


@compiled
def dice(s_NH, fall_H, level_H, alpha_H, value_NH):
    """The value is s (alpha + (1 - alpha) p), p = 1 / (1 + e^-z); 2 to the power of s fall + level is e^-z."""
    prefer_512_bit()
    for n in range(s_NH.shape[0]):
        for h in range(s_NH.shape[1]):
            s = s_NH[n, h]
            p = ONE / (ONE + exp2(s * fall_H[h] + level_H[h]))
            value_NH[n, h] = s * (alpha_H[h] + (ONE - alpha_H[h]) * p)


@compiled
def dice_backward(s_NH, gradient_NH, scale_H, fall_H, level_H, alpha_H, value_NH, sums_4H):
    """The value once more; the gradient of the value becomes that of s as far as its own row says it; and to the sums
    are added those of that, and of the gradients of alpha, of z, and of z times x, where e^-z is 2^x."""
    prefer_512_bit()
    part_4H = np.empty((4, s_NH.shape[1]), s_NH.dtype)
    for first in range(0, s_NH.shape[0], ROWS_PER_SUM):
        part_4H[:] = 0
        for n in range(first, min(first + ROWS_PER_SUM, s_NH.shape[0])):
            for h in range(s_NH.shape[1]):
                s, gradient, alpha = s_NH[n, h], gradient_NH[n, h], alpha_H[h]
                x = s * fall_H[h] + level_H[h]
                power = exp2(x)
                p = ONE / (ONE + power)
                slope = alpha + (ONE - alpha) * p
                of_alpha = gradient * s * p * power
                of_z = of_alpha * p * (ONE - alpha)
                of_s = gradient * slope + of_z * scale_H[h]
                value_NH[n, h] = s * slope
                gradient_NH[n, h] = of_s
                part_4H[0, h] += of_s
                part_4H[1, h] += of_alpha
                part_4H[2, h] += of_z
                part_4H[3, h] += of_z * x
        sums_4H += part_4H


@compiled
def moments_backward(s_NH, gradient_NH, times_N, of_mean_H, of_s_H):
    """Takes from the gradient of each row what mean and variance say of it: (of_mean + of_s s) a time."""
    for n in range(s_NH.shape[0]):
        times = times_N[n]
        for h in range(s_NH.shape[1]):
            gradient_NH[n, h] -= times * (of_mean_H[h] + of_s_H[h] * s_NH[n, h])
