import { ImageError, quoteForeign } from '@crossdock/core'

/** Text by key; key and value together have up to 4096 bytes. */
export type Labels = Readonly<Record<string, string>>

const MAX_LABEL_BYTES = 4096

/**
 * The labels that are stored: those with a value. Throws `INVALID_DATA` for a label that is too long or not text.
 */
export function checkLabels(labels: Labels): Labels {
  const kept = Object.entries(labels).filter(([, value]) => value !== '')
  for (const [key, value] of kept) {
    if (typeof value !== 'string' || !key.isWellFormed() || !value.isWellFormed())
      throw labelError(key, 'is not well-formed text')
    if (Buffer.byteLength(key) + Buffer.byteLength(value) > MAX_LABEL_BYTES)
      throw labelError(key, `has more than ${MAX_LABEL_BYTES} bytes, key and value together`)
  }
  return Object.fromEntries(kept)
}

function labelError(key: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `the label "${quoteForeign(key, 64)}" ${problem}`)
}

/** Whether the key belongs to containerd itself, so that nothing that is imported may set it. */
export function isReservedLabel(key: string): boolean {
  return key.startsWith('containerd.io/') || key.startsWith('io.cri-containerd')
}

/**
 * The table with one entry of another put in its place; an empty text, or none, takes it away.
 */
export function withEntry(table: Labels, key: string, value: string | undefined): Labels {
  const others = Object.entries(table).filter(([other]) => other !== key)
  return Object.fromEntries(value === undefined || value === '' ? others : [...others, [key, value]])
}
