// Bars, as an SVG that needs nothing else.

const roomForBars = 400;
const roomForText = 110;
/** Most letters are narrower. */
const letterWidth = 7;
const barHeight = 26;
const gap = 8;
const colours = { ours: "#2f6f4f", theirs: "#9aa5b1" };

/**
 * @param {string} title
 * @param {{ name: string, value: number, text: string, isOurs: boolean }[]} bars
 */
export function drawBars(title, bars) {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const labelWidth = 16 + letterWidth * Math.max(...bars.map(({ name }) => name.length));
  const textWidth = Math.max(roomForText, ...bars.map(({ text }) => letterWidth * text.length));
  const width = Math.max(labelWidth + roomForBars + textWidth, 16 + 8 * title.length);
  const height = 44 + bars.length * (barHeight + gap);
  const rows = bars.map(({ name, value, text, isOurs }, index) => {
    const y = 36 + index * (barHeight + gap);
    const length = Math.max(2, (Math.max(value, 0) / most) * roomForBars);
    return [
      `<text x="${labelWidth - 8}" y="${y + 17}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${isOurs ? colours.ours : colours.theirs}"/>`,
      `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 17}">${escaped(text)}</text>`,
    ].join("\n");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="8" y="20" font-weight="bold">${escaped(title)}</text>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
