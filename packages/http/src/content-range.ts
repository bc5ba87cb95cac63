/** A `Content-Range` header (RFC 9110, 14.4): both ends belong to it; `total` is undefined for `*`. */
export interface ContentRange {
  readonly first: number
  readonly last: number
  readonly total: number | undefined
}

const CONTENT_RANGE = /^bytes[ \t]+(\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i

/** Undefined unless it is one range of bytes that makes sense. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const parts = CONTENT_RANGE.exec((header ?? '').trim())
  if (parts === null) return undefined
  const [first, last] = [Number(parts[1]), Number(parts[2])]
  const total = parts[3] === '*' ? undefined : Number(parts[3])
  const sane =
    first <= last &&
    Number.isSafeInteger(last) &&
    (total === undefined || (last < total && Number.isSafeInteger(total)))
  return sane ? { first, last, total } : undefined
}
