/* ZBar as a judge: reads grey pictures from standard input, writes what is in their codes, a line of JSON for each.
   A picture: width and height as 32-bit little-endian integers, then a byte for each pixel, row by row.
   Argument: the path of the installed package. */
const { scanGrayBuffer } = await import(process.argv[2]);
let waiting = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  waiting = Buffer.concat([waiting, chunk]);
  while (waiting.length >= 8) {
    const [width, height] = [waiting.readInt32LE(0), waiting.readInt32LE(4)];
    const end = 8 + width * height;
    if (waiting.length < end) break;
    const grey = new Uint8Array(waiting.subarray(8, end)).buffer;
    waiting = waiting.subarray(end);
    const found = await scanGrayBuffer(grey, width, height);
    process.stdout.write(`${JSON.stringify(found.map((code) => code.decode()))}\n`);
  }
}
