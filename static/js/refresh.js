// data-refresh, in seconds: the page is loaded anew until what is waited for is there. Not while
// somebody is busy in a dialog or another tab.
{
  const waiting = document.querySelector('[data-refresh]');
  const look = () => {
    if (!document.hidden && !document.querySelector('dialog')) location.reload();
    else setTimeout(look, 1000);
  };
  if (waiting) setTimeout(look, waiting.dataset.refresh * 1000);
}
