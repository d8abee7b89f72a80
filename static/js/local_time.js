// Adds the reader's local time to the title of each time.
for (const time of document.querySelectorAll('time[datetime]')) {
  const local = new Date(time.dateTime).toLocaleString([], { dateStyle: 'long', timeStyle: 'long' });
  time.title = `${time.title}\n${local}`.trim();
}
