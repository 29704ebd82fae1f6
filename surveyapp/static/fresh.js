// A page that the browser brings back from its memory shows old answers and an old revision: ask for it anew.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
