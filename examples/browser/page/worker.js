// Restores pictures beside the page, so that the page stays quick. A new picture ends the one before.

import { hintsOf, openNetwork } from "./network.js";
import { levels, restore } from "./tiles.js";

const opening = openNetwork();
let latest = 0;

opening.then(
    ({ engine }) => postMessage({ engine }),
    (error) => postMessage({ error: `The network could not be loaded: ${error.message}.` }),
);

onmessage = async ({ data: { number, picture, damage, level } }) => {
    latest = number;
    try {
        const network = await opening;
        for await (const part of restore(network, picture, hintsOf(network.shape, damage, level))) {
            if (latest !== number) {
                return;
            }
            const { left, top, width, height, done } = part;
            postMessage({ number, left, top, width, height, done, data: levels(part, picture) });
            await new Promise((resume) => setTimeout(resume)); // lets a newer picture in
        }
    } catch (error) {
        postMessage({ number, error: `The picture could not be restored: ${error.message}.` });
    }
};
