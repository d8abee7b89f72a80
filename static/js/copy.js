// Copy buttons: data-copy names the element whose text is copied, data-say what is announced. Several elements are copied as
// lines, each after its data-name.
// Where the clipboard is missing (plain http) or refuses, the text is selected and the page says so.
{
  const manually = 'Selected. Press Ctrl+C or ⌘C to copy.';

  const wire = (button) => {
    const sources = button.dataset.copy.split(' ').map((id) => document.getElementById(id));
    const line = (source) => (sources.length > 1 ? `${source.dataset.name}=` : '') + source.textContent.trim();
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
        await navigator.clipboard.writeText(sources.map(line).join('\n'));
        show('check', 'Copied', true);
        say(button.dataset.say);
        timer = setTimeout(show, 4000, 'copy', text, false);
      } catch {
        const end = sources.at(-1);
        getSelection().setBaseAndExtent(sources[0], 0, end, end.childNodes.length);
        show('copy', manually, false);
        say(manually);
      }
    });
  };

  document.querySelectorAll('[data-copy]').forEach(wire);
}
