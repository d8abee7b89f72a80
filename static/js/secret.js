// The page that shows secret keys or a one-time link once: leaving it wipes the text and keeps the page out of the history.
{
  const secrets = document.querySelectorAll('#secret-key, .secret-key, #one-time-link');
  const leave = document.querySelector('a[data-replace]');
  const wipe = () => {
    for (const secret of secrets) secret.textContent = '';
  };

  if (secrets.length && leave) {
    leave.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      wipe();
      location.replace(leave.href);
    });
    addEventListener('pagehide', wipe);
    // Brought back from memory the page has nothing left to show.
    addEventListener('pageshow', (event) => {
      if (event.persisted) location.replace(leave.href);
    });
  }
}
