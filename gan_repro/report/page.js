// Tables are sorted by a click on a heading, numbers as numbers; a second click turns the order round.
const value = (cell) => {
  const text = cell.textContent.trim();
  const number = text.match(/^\(?([-\d,.]+)/);
  return number && !isNaN(parseFloat(number[1])) ? parseFloat(number[1].replaceAll(',', '')) : text;
};
const compare = (a, b) => {
  if (a === '' || b === '') return (a === '') - (b === '');
  if (typeof a === typeof b) return typeof a === 'number' ? a - b : a.localeCompare(b);
  return typeof a === 'number' ? -1 : 1;
};
for (const table of document.querySelectorAll('table')) {
  const frame = document.createElement('div');
  frame.className = 'scroll';
  table.replaceWith(frame);
  frame.append(table);
  const heads = [...table.querySelectorAll('thead th')];
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    head.title = 'sort';
    const sort = () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        const x = value(a.cells[column]), y = value(b.cells[column]);
        return x === '' || y === '' ? compare(x, y) : (down ? -1 : 1) * compare(x, y);
      });
      table.tBodies[0].append(...rows);
    };
    head.addEventListener('click', sort);
    head.addEventListener('keydown', (event) => { if (event.key === 'Enter') sort(); });
  });
}
// A link to a record opens it.
const openTarget = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === 'DETAILS') target.open = true;
};
addEventListener('hashchange', openTarget);
openTarget();
for (const source of document.querySelectorAll('script[data-plot]')) {
  const { data, layout } = JSON.parse(source.textContent);
  Plotly.newPlot(source.dataset.plot, data, layout, { responsive: true, displaylogo: false });
}
