// A list stays where it was: behind a dialog that was opened from it, and after the dialog has been sent.
{
  const close = document.querySelector('dialog[data-close]')?.dataset.close;
  const page = new URL(close ?? location.href, location.href);
  const key = `place ${page.pathname}${page.search}`;
  const row = location.hash.startsWith('#key_') && document.getElementById(location.hash.slice(1));
  if (close || row) {
    addEventListener('load', () => {
      const place = sessionStorage.getItem(key);
      if (place) scrollTo({ top: place, behavior: 'instant' });
      const { top, bottom } = row ? row.getBoundingClientRect() : { top: 0, bottom: 0 };
      if (top < 0 || bottom > innerHeight) row.scrollIntoView({ block: 'center', behavior: 'instant' });
    });
  }
  if (!close) addEventListener('pagehide', () => sessionStorage.setItem(key, scrollY));
}
