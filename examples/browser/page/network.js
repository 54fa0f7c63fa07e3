// Loads the network and what runs it: on the graphics processor by WebGPU, else on all processors by WebAssembly.

/** @returns a network: its `shape` (grid, halo, hints), the `engine` that runs it, and `run` */
export async function openNetwork() {
    const [shape, model] = await Promise.all([
        get("network.json").then((answer) => answer.json()),
        get("network.onnx").then((answer) => answer.arrayBuffer()),
    ]);
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    if (adapter && !adapter.info?.isFallbackAdapter) {
        try {
            return await open("webgpu", shape, model);
        } catch (error) {
            console.warn("WebGPU cannot run the network:", error);
        }
    }
    return open("wasm", shape, model);
}

/** Load one engine, and let it restore a small picture, so that an engine that fails is known at once. */
export async function open(engine, shape, model) {
    const ort = await import(`./ort.${engine}.mjs`);
    ort.env.wasm.wasmBinary = await unpacked(await get(`ort.${engine}.wasm.gz`));
    ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 8) : 1;
    const session = await ort.InferenceSession.create(model, { executionProviders: [engine], logSeverityLevel: 3 });
    const run = async (y, height, width, hints) => {
        const feed = {
            y: new ort.Tensor("float32", y, [1, 3, height, width]),
            mask: new ort.Tensor("float32", new Float32Array(height * width), [1, 1, height, width]), // none is missing
            hints: new ort.Tensor("float32", hints, [1, hints.length]),
        };
        const { x_hat } = await session.run(feed);
        const result = await x_hat.getData();
        x_hat.dispose();
        return result;
    };
    const gray = await run(new Float32Array(3 * 32 * 32).fill(0.5), 32, 32, hintsOf(shape, "sigma"));
    if (!gray.every((value) => Math.abs(value - 0.5) < 0.1)) {
        throw new Error("a gray picture does not stay gray");
    }
    const threads = ort.env.wasm.numThreads;
    return { shape, run, engine: engine === "webgpu" ? "WebGPU" : `WebAssembly, ${threads} thread${threads > 1 ? "s" : ""}` };
}

/**
 * Return what tells the network of the damage: for each of its hints whether it is known, and its level.
 * @param {{hints: string[]}} shape of the network
 * @param {string} damage name of a hint, or "" to tell nothing
 */
export function hintsOf(shape, damage, level = 0) {
    const hints = new Float32Array(2 * shape.hints.length);
    if (damage) {
        hints.set([1, level], 2 * shape.hints.indexOf(damage));
    }
    return hints;
}

async function get(name) {
    const answer = await fetch(name);
    if (!answer.ok) {
        throw new Error(`the server has no ${name} (${answer.status}); copy all files of the build`);
    }
    return answer;
}

/** Return the content of a compressed file, also from a server that has said so and so let the browser unpack it. */
async function unpacked(answer) {
    const content = await answer.arrayBuffer();
    const [first, second] = new Uint8Array(content, 0, 2);
    if (first !== 0x1f || second !== 0x8b) {
        return content;
    }
    return new Response(new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
