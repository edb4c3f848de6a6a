// What ends at a moment that the page names is counted down beside it. Without this file the moment is still there.
"use strict";

const spoken = (seconds) => {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h) return `${h}h${m}m`;
  return m ? `${m}m${s}s` : `${s}s`;
};

const tick = () => {
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Math.round((Date.parse(place.dataset.until) - Date.now()) / 1000);
    const told = place.querySelector(".when .soft");
    if (told) told.textContent = left > 0 ? `${spoken(left)} left` : "over";
  }
};

setInterval(tick, 1000);
