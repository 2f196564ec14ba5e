// How old the ranking is when somebody reads this, which the page cannot know when it is written.
for (const time of document.querySelectorAll("time[data-age]")) {
  const hours = (Date.now() - Date.parse(time.dateTime)) / 3600000;
  if (!(hours >= 0)) continue;
  const said = hours < 1 ? "less than an hour" : hours < 2 ? "an hour" : hours < 48 ? `${Math.floor(hours)} hours` : `${Math.floor(hours / 24)} days`;
  document.querySelector("[data-age-said]").textContent = `, ${said} ago`;
  document.querySelector("[data-old]").hidden = hours < 30;
}
