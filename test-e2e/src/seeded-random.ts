/** Numbers that look random and are the same for the same seed: below `bound`, whole, from 0. */
export type SeededRandom = (bound: number) => number

/** The seed that CROSSDOCK_SEED names, so that a failure can be repeated; else a new one. */
export function chooseSeed(): number {
  const given = process.env['CROSSDOCK_SEED'] ?? ''
  return given === '' ? Math.floor(Math.random() * 2 ** 32) : Number(given)
}

/** SplitMix32. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0
  return (bound) => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * bound)
  }
}
