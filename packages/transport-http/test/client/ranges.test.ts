import { assert, nat, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentHead, joinProblem, rangeFrom, rangeHeaders } from '../../src/client/ranges.ts'
import { conditionHeaders, validatorsOf } from '../../src/client/validators.ts'
import { headersOf, responseOf } from '../headers.ts'

const DATE = 'Mon, 05 Jan 2026 00:00:10 GMT'
const head = { etag: '"one"', strong: '"one"', total: 1000 }

describe('a part that comes', () => {
  it.each<[string, Record<string, string>, RegExp | undefined]>([
    ['fits', { 'content-range': 'bytes 400-999/1000' }, undefined],
    ['is shorter than the rest', { 'content-range': 'bytes 400-499/1000' }, undefined],
    ['says no total', { 'content-range': 'bytes 400-999/*' }, undefined],
    ['has the same tag', { 'content-range': 'bytes 400-999/1000', etag: '"one"' }, undefined],
    ['has another tag', { 'content-range': 'bytes 400-999/1000', etag: '"two"' }, /another content/],
    ['has a weak tag now', { 'content-range': 'bytes 400-999/1000', etag: 'W/"one"' }, /another content/],
    ['begins before', { 'content-range': 'bytes 399-999/1000' }, /another range/],
    ['begins at 0', { 'content-range': 'bytes 0-999/1000' }, /another range/],
    ['has another total', { 'content-range': 'bytes 400-999/1001' }, /1001 bytes now/],
    ['says no range', {}, /another range/],
    ['is several', { 'content-type': 'multipart/byteranges; boundary=x' }, /another range/],
    ['is of something else than bytes', { 'content-range': 'pages 400-999/1000' }, /another range/],
  ])('%s', (_, headers, problem) => {
    const said = joinProblem(responseOf(206, headers), { position: 400, head }, 400)
    expect(said ?? 'fits').toMatch(problem ?? /^fits$/)
  })

  it('fits only behind the very byte, and with the very total', () => {
    const whole = nat({ max: 10_000 })
    assert(
      property(whole, whole, whole, whole, (position, first, length, total) => {
        const last = first + length
        const response = responseOf(206, { 'content-range': `bytes ${first}-${last}/${total}` })
        const problem = joinProblem(response, { position, head: { strong: '"x"', total: 5000 } }, position)
        expect(problem === undefined).toBe(first === position && total === 5000 && last < total)
      }),
    )
  })
})

describe('the range that is asked for', () => {
  it('is what is missing, or the last byte where nothing is', () => {
    expect(rangeFrom({ position: 400, head })).toBe(400)
    expect(rangeFrom({ position: 1000, head })).toBe(999)
    expect(rangeFrom({ position: 0, head })).toBe(0)
    expect(rangeFrom({ position: 400, head: { total: 1000, etag: 'W/"one"' } })).toBe(0)
    expect(rangeFrom({ position: 400, head: undefined })).toBe(0)
    expect(rangeHeaders({ position: 400, head }, 400)).toEqual({ range: 'bytes=400-', 'if-range': '"one"' })
  })
})

describe('validators', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['a strong tag', { etag: '"a"' }, '"a"'],
    ['a weak tag', { etag: 'W/"a"' }, undefined],
    ['a tag without quotes', { etag: 'a' }, undefined],
    ['a tag before a date', { etag: '"a"', 'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT', date: DATE }, '"a"'],
    ['an old date', { 'last-modified': 'Mon, 05 Jan 2026 00:00:09 GMT', date: DATE }, 'Mon, 05 Jan 2026 00:00:09 GMT'],
    ['a date of this second', { 'last-modified': DATE, date: DATE }, undefined],
    ['a date in the future', { 'last-modified': 'Mon, 05 Jan 2026 00:00:20 GMT', date: DATE }, undefined],
    ['a date and no clock', { 'last-modified': DATE }, undefined],
    ['no date', { 'last-modified': 'yesterday', date: DATE }, undefined],
    ['nothing', {}, undefined],
  ])('%s', (_, headers, strong) => {
    expect(validatorsOf(headersOf(headers)).strong).toBe(strong)
  })

  it('never put into a header what is no tag or date', () => {
    assert(
      property(string(), string(), (etag, date) => {
        const headers = conditionHeaders(validatorsOf(headersOf({ etag, 'last-modified': date })))
        for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$/)
      }),
    )
  })
})

describe('the head of a whole answer', () => {
  it('has its size if that is one', () => {
    expect(contentHead(responseOf(200, { 'content-length': '12', etag: '"a"' }), 'it').total).toBe(12)
    expect(contentHead(responseOf(200, { 'content-length': '-1' }), 'it').total).toBeUndefined()
    expect(contentHead(responseOf(200), 'it')).toEqual({})
  })

  it.each(['br', 'deflate', 'aes128gcm', 'gzip, br'])('refuses the encoding %s', (encoding) => {
    expect(() => contentHead(responseOf(200, { 'content-encoding': encoding }), 'it')).toThrow(/not asked for/)
  })

  it.each(['gzip', 'identity', 'zstd'])('takes the encoding %s', (encoding) => {
    expect(contentHead(responseOf(200, { 'content-encoding': encoding }), 'it')).toEqual({})
  })
})
