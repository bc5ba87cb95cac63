import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPem, writePem } from '../../src/sigstore/pem.ts'

const read = (text: string): ReturnType<typeof readPem> => readPem(Buffer.from(text), 'the file')
const block = writePem({ label: 'A', bytes: Buffer.from('abc') })

describe('PEM', () => {
  it('is read as it was written, whatever stands around it', () => {
    const blocks = fc.array(
      fc.record({ label: fc.stringMatching(/^[A-Z]{1,9}$/), bytes: fc.uint8Array({ minLength: 1 }) }),
    )
    fc.assert(
      fc.property(blocks, fc.stringMatching(/^[a-z \n]*$/), (written, between) => {
        const text = written.map((each) => between + writePem(each)).join('\n') + between
        expect(read(text).map(({ label, bytes }) => ({ label, bytes: Uint8Array.from(bytes) }))).toEqual(written)
      }),
    )
  })

  it('may have the line ends of Windows', () => {
    expect(read(block.replaceAll('\n', '\r\n'))).toHaveLength(1)
  })

  it.each([
    ['no end', '-----BEGIN A-----\nYWJj\n'],
    ['another end', '-----BEGIN A-----\nYWJj\n-----END B-----\n'],
    ['headers', block.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
    ['no base64', block.replace('YWJj', '!!!!')],
    ['no padding', '-----BEGIN A-----\nYWI\n-----END A-----\n'],
    ['nothing inside', '-----BEGIN A-----\n-----END A-----\n'],
    ['a block inside a block', `-----BEGIN A-----\n${block}`],
  ])('is refused with %s', (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  })

  it('takes a time that grows with its length, whatever it holds', () => {
    expect(() => read('-----BEGIN A-----\n'.repeat(200_000))).toThrow(/has no end/)
    expect(read('-----BEGIN '.repeat(200_000))).toEqual([])
  })
})
