// Runs before anything is drawn, so that a page never flashes in the other colors. The playground keeps its choice in the same place.
try {
  document.documentElement.dataset.theme = localStorage.getItem("retouch.theme") ?? "auto";
} catch {
  // a browser that keeps nothing follows the system
}
