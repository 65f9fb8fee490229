// QR symbols (ISO/IEC 18004) of what a ticket's code is made of: alphanumeric mode, error correction M, versions 1 to 20.
"use strict";
(function () {
  const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  // Check codewords of a block, and blocks, of each version at level M (table 9 of the standard).
  const CHECKS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
  const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
  const MASKS = [
    (x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => (x * y) % 2 + (x * y) % 3 === 0,
    (x, y) => ((x * y) % 2 + (x * y) % 3) % 2 === 0, (x, y) => ((x + y) % 2 + (x * y) % 3) % 2 === 0,
  ];

  // The field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1.
  const POWERS = new Uint8Array(512), LOGS = new Uint8Array(256);
  for (let i = 0, value = 1; i < 255; i++) {
    POWERS[i] = POWERS[i + 255] = value;
    LOGS[value] = i;
    value = (value << 1) ^ (value & 128 ? 0x11d : 0);
  }
  function times(a, b) { return a && b ? POWERS[LOGS[a] + LOGS[b]] : 0; }

  function checkwords(data, count) {
    let divisor = [1];
    for (let i = 0; i < count; i++) {
      const next = [...divisor, 0];
      divisor.forEach((one, at) => { next[at + 1] ^= times(one, POWERS[i]); });
      divisor = next;
    }
    const rest = [...data, ...new Array(count).fill(0)];
    data.forEach((_, at) => {
      const factor = rest[at];
      if (factor) { divisor.forEach((one, offset) => { rest[at + offset] ^= times(one, factor); }); }
    });
    return rest.slice(data.length);
  }

  function codewords(version) {
    let modules = (16 * version + 128) * version + 64;
    if (version >= 2) {
      const marks = Math.floor(version / 7) + 2;
      modules -= (25 * marks - 10) * marks - 55;
      if (version >= 7) { modules -= 36; }
    }
    return Math.floor(modules / 8);
  }
  function room(version) { return codewords(version) - CHECKS[version - 1] * BLOCKS[version - 1]; }
  function countBits(version) { return version < 10 ? 9 : 11; }

  function bitsOf(text, version) {
    const bits = [];
    const put = (value, count) => { for (let i = count - 1; i >= 0; i--) { bits.push((value >> i) & 1); } };
    put(2, 4);
    put(text.length, countBits(version));
    for (let i = 0; i < text.length; i += 2) {
      const first = LETTERS.indexOf(text[i]), second = LETTERS.indexOf(text[i + 1]);
      if (first < 0) { throw new Error("not a letter of the alphanumeric mode"); }
      if (i + 1 < text.length) { put(first * 45 + second, 11); } else { put(first, 6); }
    }
    const most = room(version) * 8;
    for (let i = 0; i < 4 && bits.length < most; i++) { bits.push(0); }
    while (bits.length % 8) { bits.push(0); }
    for (let pad = 0xec; bits.length < most; pad ^= 0xec ^ 0x11) { put(pad, 8); }
    return bits;
  }

  function interleaved(bits, version) {
    const bytes = [];
    for (let i = 0; i < bits.length; i += 8) { bytes.push(bits.slice(i, i + 8).reduce((sum, bit) => sum * 2 + bit, 0)); }
    const count = BLOCKS[version - 1], checks = CHECKS[version - 1], all = codewords(version);
    const short = Math.floor(all / count) - checks, shorts = count - all % count;
    const blocks = [];
    for (let i = 0, at = 0; i < count; i++) {
      const length = short + (i < shorts ? 0 : 1);
      blocks.push(bytes.slice(at, at + length));
      at += length;
    }
    const found = [], ends = blocks.map((block) => checkwords(block, checks));
    for (let i = 0; i <= short; i++) { blocks.forEach((block) => { if (i < block.length) { found.push(block[i]); } }); }
    for (let i = 0; i < checks; i++) { ends.forEach((end) => found.push(end[i])); }
    return found;
  }

  function places(version) {
    if (version === 1) { return []; }
    const size = 17 + 4 * version, marks = Math.floor(version / 7) + 2;
    const step = Math.floor((version * 4 + marks * 2 + 1) / (marks * 2 - 2)) * 2, found = [];
    for (let at = size - 7; found.length < marks - 1; at -= step) { found.unshift(at); }
    return [6, ...found];
  }

  // dark[y][x]; fixed marks what is no data.
  function frame(version) {
    const size = 17 + 4 * version;
    const dark = Array.from({ length: size }, () => new Array(size).fill(false));
    const fixed = Array.from({ length: size }, () => new Array(size).fill(false));
    const set = (x, y, on) => { if (x >= 0 && y >= 0 && x < size && y < size) { dark[y][x] = on; fixed[y][x] = true; } };
    for (let i = 0; i < size; i++) { set(6, i, i % 2 === 0); set(i, 6, i % 2 === 0); }
    [[3, 3], [size - 4, 3], [3, size - 4]].forEach(([left, top]) => {
      for (let dy = -4; dy <= 4; dy++) {
        for (let dx = -4; dx <= 4; dx++) {
          const ring = Math.max(Math.abs(dx), Math.abs(dy));
          set(left + dx, top + dy, ring !== 2 && ring !== 4);
        }
      }
    });
    const marks = places(version), last = marks.length - 1;
    marks.forEach((x, i) => marks.forEach((y, j) => {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) { return; }
      for (let dy = -2; dy <= 2; dy++) {
        for (let dx = -2; dx <= 2; dx++) { set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1); }
      }
    }));
    return { size, dark, fixed, set };
  }

  function remainder(value, bits, divisor) {
    let rest = value;
    for (let i = 0; i < bits; i++) { rest = (rest << 1) ^ ((rest >> (bits - 1)) & 1 ? divisor : 0); }
    return (value << bits) | (rest & ((1 << bits) - 1));
  }

  function describe(symbol, version, mask) {
    const { size, set } = symbol, bits = remainder(mask, 10, 0x537) ^ 0x5412;
    const bit = (i) => ((bits >> i) & 1) === 1;
    for (let i = 0; i <= 5; i++) { set(8, i, bit(i)); }
    set(8, 7, bit(6)); set(8, 8, bit(7)); set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) { set(14 - i, 8, bit(i)); }
    for (let i = 0; i < 8; i++) { set(size - 1 - i, 8, bit(i)); }
    for (let i = 8; i < 15; i++) { set(8, size - 15 + i, bit(i)); }
    set(8, size - 8, true);
    if (version < 7) { return; }
    const known = remainder(version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const on = ((known >> i) & 1) === 1, a = size - 11 + i % 3, b = Math.floor(i / 3);
      set(a, b, on); set(b, a, on);
    }
  }

  function fill(symbol, data, mask) {
    const { size, dark, fixed } = symbol;
    let at = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) { right = 5; }
      const upwards = ((right + 1) & 2) === 0;
      for (let step = 0; step < size; step++) {
        for (let side = 0; side < 2; side++) {
          const x = right - side, y = upwards ? size - 1 - step : step;
          if (fixed[y][x]) { continue; }
          const bit = at < data.length * 8 && ((data[at >> 3] >> (7 - (at & 7))) & 1) === 1;
          at += 1;
          dark[y][x] = bit !== MASKS[mask](x, y);
        }
      }
    }
  }

  // Long runs and blocks of one colour make a symbol hard to read.
  function unevenness(dark) {
    const size = dark.length;
    let sum = 0;
    for (let y = 0; y < size; y++) {
      for (const look of [(i) => dark[y][i], (i) => dark[i][y]]) {
        for (let i = 1, run = 1; i <= size; i++) {
          if (i < size && look(i) === look(i - 1)) { run += 1; continue; }
          if (run >= 5) { sum += run - 2; }
          run = 1;
        }
      }
      for (let x = 1; y > 0 && x < size; x++) {
        const one = dark[y][x];
        if (one === dark[y][x - 1] && one === dark[y - 1][x] && one === dark[y - 1][x - 1]) { sum += 3; }
      }
    }
    return sum;
  }

  // Rows of a symbol, true for dark.
  function qrRows(text) {
    let version = 1;
    const length = 4 + Math.floor(text.length / 2) * 11 + (text.length % 2) * 6;
    while (length + countBits(version) > room(version) * 8) {
      version += 1;
      if (version > CHECKS.length) { throw new Error("too long for a symbol"); }
    }
    const data = interleaved(bitsOf(text, version), version);
    let best = null;
    for (let mask = 0; mask < MASKS.length; mask++) {
      const symbol = frame(version);
      describe(symbol, version, mask);
      fill(symbol, data, mask);
      const score = unevenness(symbol.dark);
      if (best === null || score < best.score) { best = { score, dark: symbol.dark }; }
    }
    return best.dark;
  }

  // Draw `text` on a canvas, four modules of quiet zone around it, each a whole number of pixels.
  function drawQr(canvas, text, pixels) {
    const rows = qrRows(text), whole = rows.length + 8, scale = Math.max(2, Math.floor(pixels / whole));
    canvas.width = canvas.height = whole * scale;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = "#000";
    rows.forEach((row, y) => row.forEach((on, x) => {
      if (on) { pen.fillRect((x + 4) * scale, (y + 4) * scale, scale, scale); }
    }));
  }

  globalThis.qrRows = qrRows;
  globalThis.drawQr = drawQr;
})();
