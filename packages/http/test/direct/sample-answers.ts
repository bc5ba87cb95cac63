import * as fc from 'fast-check'
import type { HttpMethod } from '../../src/index.ts'

/** An answer as it goes over the wire, in some legal spelling, and what it means. */
export interface SampleAnswer {
  readonly method: HttpMethod
  readonly bytes: Buffer
  readonly status: number
  /** Names in lower case and values. */
  readonly fields: readonly (readonly [string, string])[]
  readonly body: Buffer
  readonly endsWithConnection: boolean
}

const nameCharacters = Array.from("!#$%&'*+-.^_`|~09azAZ")
const valueCharacters = [
  ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)),
  '\x80',
  '\xe9',
  '\xff',
]

const blanks = fc.constantFrom('', ' ', '\t', '  \t')
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n')
const name = fc
  .array(fc.constantFrom(...nameCharacters), { minLength: 1, maxLength: 12 })
  .map((all) => `x-${all.join('')}`)
const word = fc.array(fc.constantFrom(...valueCharacters), { minLength: 1, maxLength: 20 }).map((all) => all.join(''))
const value = fc.array(word, { maxLength: 4 }).map((words) => words.join(' \t'))
const reason = fc.oneof(
  fc.constant(''),
  value.map((text) => ` ${text}`),
)
const status = fc.integer({ min: 200, max: 599 }).filter((code) => code !== 204 && code !== 304)

interface Field {
  readonly name: string
  readonly value: string
  /** Between name and value, behind the value, and the line's end. */
  readonly spelling: readonly [string, string, string]
}

const spelling = fc.tuple(blanks, blanks, lineEnd)
const field: fc.Arbitrary<Field> = fc.record({ name, value, spelling })

function fieldOf(key: string, text: string): fc.Arbitrary<Field> {
  const anyCase = fc.mixedCase(fc.constant(key))
  return fc.record({ name: anyCase, value: fc.constant(text), spelling })
}

function written({ name: key, value: text, spelling: [before, behind, end] }: Field): string {
  return `${key}:${before}${text}${behind}${end}`
}

const interim = fc
  .record({
    code: fc.constantFrom(100, 102, 103),
    fields: fc.array(field, { maxLength: 2 }),
    ends: fc.tuple(lineEnd, lineEnd),
  })
  .map(({ code, fields, ends }) => `HTTP/1.1 ${code} Interim${ends[0]}${fields.map(written).join('')}${ends[1]}`)

interface Framed {
  readonly fields: readonly Field[]
  readonly bytes: Buffer
  readonly endsWithConnection?: boolean
}

function byLength(body: Buffer): fc.Arbitrary<Framed> {
  const size = fc.constantFrom('', '0', '0000').map((zeros) => `${zeros}${body.byteLength}`)
  const twice = fc.boolean()
  return fc.tuple(size, twice).chain(([text, isTwice]) => {
    const one = fieldOf('content-length', isTwice ? `${text} , ${text}` : text)
    return fc.array(one, { minLength: 1, maxLength: 2 }).map((fields) => ({ fields, bytes: body }))
  })
}

const extension = fc.constantFrom('', '', ';x', ';x=y', ' ; x = "y;z"', ';x;y=1', '  ')
const trailer = fc.constantFrom('', '', 'x-t: y\r\n', 'x-t:\r\nx-u: \xe9\r\n')

function inChunks(body: Buffer): fc.Arbitrary<Framed> {
  const cuts = fc.array(fc.integer({ min: 1, max: Math.max(1, body.byteLength) }), { maxLength: 12 })
  const style = fc.record({
    upper: fc.boolean(),
    zeros: fc.constantFrom('', '00', '0000000000000000'),
    extension,
    trailer,
  })
  return fc.tuple(cuts, style, fieldOf('transfer-encoding', 'chunked')).map(([at, how, coding]) => {
    const parts: Uint8Array[] = []
    const size = (bytes: number): string => {
      const digits = bytes.toString(16)
      return `${how.zeros}${how.upper ? digits.toUpperCase() : digits}${how.extension}\r\n`
    }
    for (const part of cutAt(body, at)) parts.push(Buffer.from(size(part.byteLength)), part, Buffer.from('\r\n'))
    parts.push(Buffer.from(`${size(0)}${how.trailer}\r\n`, 'latin1'))
    return { fields: [coding], bytes: Buffer.concat(parts) }
  })
}

function untilClosed(body: Buffer): fc.Arbitrary<Framed> {
  return fc.array(fieldOf('connection', 'close'), { maxLength: 1 }).map((fields) => ({
    fields,
    bytes: body,
    endsWithConnection: true,
  }))
}

const noFields: fc.Arbitrary<Framed> = fc.constant({ fields: [], bytes: Buffer.alloc(0) })

/** Answers without a body may say how large it would be. */
const bodiless: fc.Arbitrary<Framed> = fc.oneof(
  noFields,
  fieldOf('content-length', '1234').map((one) => ({ fields: [one], bytes: Buffer.alloc(0) })),
  fieldOf('transfer-encoding', 'chunked').map((one) => ({ fields: [one], bytes: Buffer.alloc(0) })),
)

interface Kind {
  readonly method: HttpMethod
  readonly status: number
  readonly body: Buffer
  readonly framed: Framed
}

const withBody: fc.Arbitrary<Kind> = fc.tuple(status, fc.uint8Array({ maxLength: 3000 })).chain(([code, bytes]) => {
  const body = Buffer.from(bytes)
  const framed = fc.oneof(byLength(body), inChunks(body), untilClosed(body))
  return framed.map((one): Kind => ({ method: 'GET', status: code, body, framed: one }))
})

const withoutBody: fc.Arbitrary<Kind> = fc
  .tuple(fc.oneof(fc.constantFrom(204, 304), status), bodiless)
  .map(([code, framed]) => ({
    method: code === 204 || code === 304 ? 'GET' : 'HEAD',
    status: code,
    body: Buffer.alloc(0),
    framed,
  }))

export const sampleAnswer: fc.Arbitrary<SampleAnswer> = fc
  .record({
    kind: fc.oneof({ weight: 4, arbitrary: withBody }, withoutBody),
    stray: fc.constantFrom('', '', '\r\n', '\n'),
    interims: fc.array(interim, { maxLength: 3 }),
    reason,
    fields: fc.array(field, { maxLength: 5 }),
    ends: fc.tuple(lineEnd, lineEnd),
  })
  .map(({ kind, stray, interims, reason: phrase, fields, ends }) => {
    const all = [...fields, ...kind.framed.fields]
    const head = `${stray}${interims.join('')}HTTP/1.1 ${kind.status}${phrase}${ends[0]}${all.map(written).join('')}${ends[1]}`
    return {
      method: kind.method,
      status: kind.status,
      bytes: Buffer.concat([Buffer.from(head, 'latin1'), kind.framed.bytes]),
      fields: all.map((one) => [one.name.toLowerCase(), one.value] as const),
      body: kind.body,
      endsWithConnection: kind.framed.endsWithConnection === true,
    }
  })

/** The bytes in pieces that begin at these places. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places)].filter((place) => place > 0 && place < bytes.byteLength).toSorted((a, b) => a - b)
  return [...ends, bytes.byteLength]
    .map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
    .filter(({ byteLength }) => byteLength > 0)
}
