// Copy buttons: data-copy names the element whose text is copied, data-say what is announced.
// Where the clipboard is missing (plain http) or refuses, the text is selected and the page says so.
{
  const manually = 'Selected. Press Ctrl+C or ⌘C to copy.';

  const wire = (button) => {
    const source = document.getElementById(button.dataset.copy);
    const icon = button.querySelector('use');
    const last = button.lastChild;
    const label = last.nodeType === Node.TEXT_NODE && last.data.trim() ? last : null;
    const text = label?.data;
    let timer;

    const show = (name, words, done) => {
      icon?.setAttribute('href', icon.getAttribute('href').replace(/#.*/, `#${name}`));
      if (label) label.data = words;
      button.classList.toggle('done', done);
    };
    const say = (words) => {
      const live = document.getElementById('live');
      if (live) live.textContent = words;
    };

    button.addEventListener('click', async () => {
      clearTimeout(timer);
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
        show('check', 'Copied', true);
        say(button.dataset.say);
        timer = setTimeout(show, 4000, 'copy', text, false);
      } catch {
        getSelection().selectAllChildren(source);
        show('copy', manually, false);
        say(manually);
      }
    });
  };

  document.querySelectorAll('[data-copy]').forEach(wire);
}
