// data-most: how many characters the server accepts. From three quarters on, the label says how many there are.
document.querySelectorAll('[data-most]').forEach((field) => {
  const most = +field.dataset.most;
  const count = document.createElement('span');
  count.className = 'count';
  count.setAttribute('role', 'status');
  field.labels[0]?.append(count);
  const tell = () => {
    const length = [...field.value.trim()].length;
    count.textContent = length < most * .75 ? '' : ` ${length.toLocaleString('en')} of ${most.toLocaleString('en')} characters`;
    count.classList.toggle('over', length > most);
  };
  field.addEventListener('input', tell);
  addEventListener('pageshow', tell);
});
