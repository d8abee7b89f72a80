// A button with data-passkey asks for a passkey, or for a new one, and then sends its form. It names the form's field that has the options
// and gets the answer. Where the browser supports no passkeys, what holds the button stays hidden.
{
  const OPEN_FOR = 4.5 * 60 * 1000; // in milliseconds, a little less than the challenge is valid

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

  const ask = (json) => {
    const publicKey = JSON.parse(json);
    publicKey.challenge = bytes(publicKey.challenge);
    for (const known of [publicKey.allowCredentials, publicKey.excludeCredentials].flat()) if (known) known.id = bytes(known.id);
    if (!publicKey.user) return navigator.credentials.get({ publicKey });
    publicKey.user.id = bytes(publicKey.user.id);
    return navigator.credentials.create({ publicKey });
  };

  // Password managers replace the browser's credentials by their own, which may have no toJSON.
  const answer = ({ id, rawId, type, response }) => {
    const sent = { transports: response.getTransports?.() };
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (response[name]?.byteLength) sent[name] = text(response[name]);
    }
    return JSON.stringify({ id, rawId: text(rawId), type, response: sent });
  };

  const problem = ({ name }, isNew) => {
    if (name === 'InvalidStateError') return 'This device already has a passkey for your account.';
    if (name === 'SecurityError') return 'Passkeys cannot be used at this address.';
    return isNew ? 'No passkey was added. Try again.' : 'No passkey was used. Try again.';
  };

  // A page with several forms may load this script several times; each button is wired once.
  const wire = (button) => {
    const { form } = button;
    const field = form.querySelector(`[name=${button.dataset.passkey}]`);
    const line = form.querySelector(`[data-passkey-problem=${field.name}]`);
    button.removeAttribute('data-passkey');
    let isAsking = false;
    button.addEventListener('click', async () => {
      if (isAsking) return;
      isAsking = true;
      line.hidden = true;
      try {
        field.value = performance.now() < OPEN_FOR ? answer(await ask(field.dataset.options)) : 'late';
        form.requestSubmit();
      } catch (error) {
        line.textContent = problem(error, field.name === 'attestation');
        line.hidden = false;
      }
      isAsking = false;
    });
    button.closest('[hidden]').hidden = false;
  };

  if (window.PublicKeyCredential) {
    document.querySelectorAll('[data-passkey]').forEach(wire);
    document.querySelectorAll('[data-passkey-missing]').forEach((line) => { line.hidden = true; });
  }
}
