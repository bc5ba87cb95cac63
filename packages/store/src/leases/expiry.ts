import type { Labels } from '../labels.ts'

/** On leases and images: not kept after this time. */
export const EXPIRE_LABEL = 'containerd.io/gc.expire'

/** On leases: only what is listed is kept, and not what that refers to. */
export const FLAT_LABEL = 'containerd.io/gc.flat'

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

/** When what has these labels expires; undefined for never, which is also what an unreadable time means. */
export function expiryOf(labels: Labels): Date | undefined {
  const text = Object.hasOwn(labels, EXPIRE_LABEL) ? labels[EXPIRE_LABEL] : undefined
  if (text === undefined || !RFC_3339.test(text)) return undefined
  const expiry = new Date(text)
  return Number.isNaN(expiry.getTime()) ? undefined : expiry
}
