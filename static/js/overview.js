// The line above the buttons of a key's form follows what is filled in, in the words of overview.rs.
{
  const line = document.getElementById('overview');
  const form = line?.closest('form');
  const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
  const chosen = (name) => form.querySelector(`[name="${name}"]:checked`);
  const counted = (count, noun, nouns = `${noun}s`) => `${count} ${count === 1 ? noun : nouns}`;

  const access = () => {
    const role = form.elements.role;
    if (!role.value) return 'no role';
    const boxes = [...form.querySelectorAll('[name="scopes"]:enabled')];
    const only = chosen('access').value === 'selected' ? `${boxes.filter((box) => box.checked).length} of ` : '';
    return `${role.selectedOptions[0].text} (${only}${counted(boxes.length, 'scope')})`;
  };
  const expiry = () => {
    const until = chosen('lifetime')?.parentNode.querySelector('span');
    const [year, month, day] = (form.elements.expires_on?.value ?? '').split('-').map(Number);
    const date = until && chosen('lifetime').value !== 'date' ? until.textContent : day && `${day} ${months[month - 1]} ${year}`;
    return date && `expires ${date}`;
  };
  const addresses = () => {
    const lines = form.elements.ip_whitelist.value.split('\n').filter((text) => text.trim());
    return lines.length ? counted(lines.length, 'address', 'addresses') : 'any address';
  };
  const draw = () => {
    const environment = chosen('environment')?.parentNode.textContent.trim();
    line.textContent = [environment, access(), expiry(), addresses()].filter(Boolean).join(' · ');
  };

  if (line) {
    line.nextElementSibling.setAttribute('aria-describedby', line.id);
    form.addEventListener('input', draw);
    form.addEventListener('change', draw);
    addEventListener('pageshow', draw);
  }
}
