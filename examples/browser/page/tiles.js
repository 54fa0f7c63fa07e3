// Runs a network over a picture of any size, tile by tile. All tiles together equal the whole picture: a tile is read
// with a halo as wide as the network's reach, and begins and ends on the network's sampling grid.

export const TILE = 512; // px

/**
 * Cut one axis into tiles of equal size.
 * @param {number} size length of the axis, px
 * @param {number} tile largest side of a tile, px, a multiple of the grid
 * @param {{halo: number, grid: number}} shape of the network
 * @returns {{start: number, stop: number, from: number, to: number}[]} the written pixels, start to stop, and those
 *     that are read for them, from and to
 */
export function spans(size, tile, { halo, grid }) {
    const count = Math.ceil(size / tile);
    const step = Math.ceil(size / (count * grid)) * grid;
    const found = [];
    for (let start = 0; start < size; start += step) {
        const stop = Math.min(start + step, size);
        found.push({ start, stop, from: Math.max(0, start - halo), to: Math.min(size, stop + halo) });
    }
    return found;
}

/**
 * Restore a picture, and yield its tiles as they are done.
 * @param {{shape: {halo: number, grid: number}, run: Function}} network
 * @param {{data: Uint8ClampedArray, width: number, height: number}} picture RGBA, as a canvas gives it
 * @param {Float32Array} hints what the network is told of the damage
 * @param {number} tile largest side of a tile, px
 * @yields the place of a tile, its x_hat (3, height, width), not clipped, and the share of the picture that is done
 */
export async function* restore(network, picture, hints, tile = TILE) {
    for (const rows of spans(picture.height, tile, network.shape)) {
        for (const columns of spans(picture.width, tile, network.shape)) {
            const [wide, high] = [columns.to - columns.from, rows.to - rows.from];
            const read = await network.run(planes(picture, rows, columns), high, wide, hints);
            const [width, height] = [columns.stop - columns.start, rows.stop - rows.start];
            const x_hat = new Float32Array(3 * height * width);
            for (let row = 0; row < 3 * height; row++) {
                const from = (Math.floor(row / height) * high + (row % height) + rows.start - rows.from) * wide;
                const left = from + columns.start - columns.from;
                x_hat.set(read.subarray(left, left + width), row * width);
            }
            const done = (rows.start * picture.width + height * columns.stop) / (picture.width * picture.height);
            yield { left: columns.start, top: rows.start, width, height, x_hat, done };
        }
    }
}

/** Return a part of a picture as (3, height, width) from 0 to 1. */
function planes({ data, width }, rows, columns) {
    const size = (rows.to - rows.from) * (columns.to - columns.from);
    const y = new Float32Array(3 * size);
    let place = 0;
    for (let row = rows.from; row < rows.to; row++) {
        for (let column = columns.from; column < columns.to; column++, place++) {
            for (let channel = 0; channel < 3; channel++) {
                y[channel * size + place] = data[4 * (row * width + column) + channel] / 255;
            }
        }
    }
    return y;
}

/** Return a tile as RGBA levels. The alpha, and the colour of fully transparent pixels, are those of the picture. */
export function levels(part, { data, width }) {
    const size = part.width * part.height;
    const result = new Uint8ClampedArray(4 * size); // rounds and clips
    for (let place = 0; place < size; place++) {
        const source = 4 * ((part.top + Math.floor(place / part.width)) * width + part.left + (place % part.width));
        const alpha = data[source + 3];
        for (let channel = 0; channel < 3; channel++) {
            result[4 * place + channel] = alpha ? 255 * part.x_hat[channel * size + place] : data[source + channel];
        }
        result[4 * place + 3] = alpha;
    }
    return result;
}
