import { invalid } from './fields.ts'

// What is written out again has to have the digest that the other programs of the field give it. They use Go's encoding/json;
// this is its spelling.

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029'],
])

/** A JSON string as Go writes it: safe inside HTML, half a surrogate pair replaced by U+FFFD. */
export function goString(text: string): string {
  return escapeHtml(JSON.stringify(text.toWellFormed()))
}

/** JSON text whose strings have no characters that mean something in HTML, or end a line in JavaScript. */
export function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => ESCAPES.get(character) ?? character)
}

/** An object from member texts; members that are undefined are left out. */
export function goObject(members: readonly (readonly [name: string, json: string | undefined])[]): string {
  const present = members.filter(([, json]) => json !== undefined)
  return `{${present.map(([name, json]) => `${goString(name)}:${json}`).join(',')}}`
}

export function goList(items: readonly string[]): string {
  return `[${items.join(',')}]`
}

/** A map from names to member texts: Go writes it in the order of the names' UTF-8 bytes. */
export function goMap(entries: Iterable<readonly [name: string, json: string]>): string {
  return goObject([...entries].toSorted(([a], [b]) => compareUtf8(a, b)))
}

/** A map of strings; undefined for an empty one, which `omitempty` leaves out. */
export function goStrings(record: Readonly<Record<string, string>> | undefined): string | undefined {
  const entries = Object.entries(record ?? {})
  return entries.length === 0 ? undefined : goMap(entries.map(([name, value]) => [name, goString(value)] as const))
}

/** UTF-8 has the order of code points; JavaScript's own comparison puts U+E000 behind what needs a surrogate pair. */
function compareUtf8(left: string, right: string): number {
  const end = Math.min(left.length, right.length)
  let index = 0
  while (index < end && left.charCodeAt(index) === right.charCodeAt(index)) index++
  return rank(left, index) - rank(right, index)
}

/** Surrogates count as what they stand for, which is more than every other code unit. */
function rank(text: string, index: number): number {
  if (index >= text.length) return -1
  const unit = text.charCodeAt(index)
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

const TIME =
  /^([0-9]{4}-([0-9]{2})-([0-9]{2}))T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/

/** The time that Go's zero value stands for. */
export const GO_ZERO_TIME = '0001-01-01T00:00:00Z'

/**
 * A time of RFC 3339 as Go writes it: at most nine digits of a second, without trailing zeros, and `Z` for an offset of nothing.
 * Go also takes a comma for the point, and an hour of one digit. `where` names the field. Throws `INVALID_DATA` for what Go does not take as a time.
 */
export function goTime(text: string, where: string): string {
  const matched = TIME.exec(text)
  const offset = matched === null || !isCalendarTime(matched) ? undefined : offsetOf(matched)
  if (matched === null || offset === undefined) {
    throw invalid(where, 'must be a time of RFC 3339, as in 2024-05-01T12:00:00Z')
  }
  const [, date = '', , , hour = '', minute = '', second = '', fraction = ''] = matched
  const digits = fraction.slice(0, 9).replace(/0+$/, '')
  return `${date}T${hour.padStart(2, '0')}:${minute}:${second}${digits === '' ? '' : `.${digits}`}${offset}`
}

function isCalendarTime(matched: RegExpExecArray): boolean {
  const year = Number(matched[1]?.slice(0, 4))
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = matched.slice(2, 7).map(Number)
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)
  return isDay && hour < 24 && minute < 60 && second < 60
}

/** Go takes 60 minutes for an hour. Undefined for an offset of a day or more. */
function offsetOf(matched: RegExpExecArray): string | undefined {
  const hours = Number(matched[9] ?? 0)
  const minutes = Number(matched[10] ?? 0)
  const total = hours * 60 + minutes
  if (minutes > 60 || total >= 24 * 60) return undefined
  if (total === 0) return 'Z'
  return `${matched[8] ?? '+'}${twoDigits(Math.floor(total / 60))}:${twoDigits(total % 60)}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}
