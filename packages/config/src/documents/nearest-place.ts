import type { DocumentPath } from './config-document.ts'

/** The place of the value at `path` or, where there is none, of the innermost that holds it. */
export function nearestPlace(
  path: DocumentPath,
  placeAt: (path: DocumentPath) => number | undefined,
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const place = placeAt(path.slice(0, length))
    if (place !== undefined) return place
  }
  return undefined
}
