import { request } from 'node:http'
import { Duplex } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HttpMethod } from '../../src/index.ts'
import { bytesOf } from '../harness.ts'
import { change, changed } from './changed-bytes.ts'
import { sampleAnswer } from './sample-answers.ts'
import { openWire } from './wire.ts'

/** What a client makes of what a server sends; undefined if it refuses it or it is not whole. */
type Reading = { readonly status: number; readonly fields: readonly string[]; readonly body: string } | undefined

/** Node.js's own client, in its strict mode. */
function byNode(bytes: Uint8Array, method: HttpMethod): Promise<Reading> {
  const server = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done: () => void) => done() })
  return new Promise((resolve) => {
    const refuse = (): void => resolve(undefined)
    const sent = request(
      { createConnection: () => server, method, host: 'wire.test', maxHeaderSize: 64 * 1024 },
      (response) => {
        bytesOf(response).then(
          (body) =>
            resolve({ status: response.statusCode ?? 0, fields: response.rawHeaders, body: body.toString('latin1') }),
          refuse,
        )
      },
    )
    sent.on('error', refuse)
    sent.on('close', () => setImmediate(refuse)) // unless all of it was there
    sent.end()
    setImmediate(() => {
      server.push(bytes)
      server.push(null)
    })
  })
}

/** This client. Names of headers are asked for, since it does not list them. */
async function byUs(bytes: Uint8Array, method: HttpMethod, names: readonly string[]): Promise<Reading> {
  const wire = openWire()
  const answer = wire.send({ method })
  answer.catch(() => undefined)
  await wire.feed(bytes)
  wire.end()
  try {
    const response = await answer
    const body = (await bytesOf(response.body)).toString('latin1')
    return { status: response.status, fields: valuesOf(names, (name) => response.headers.all(name)), body }
  } catch {
    return undefined
  }
}

function valuesOf(names: readonly string[], all: (name: string) => readonly string[]): string[] {
  return [...new Set(names)].flatMap((name) => all(name).flatMap((value) => [name, value]))
}

interface Compared {
  readonly node: Reading
  readonly ours: Reading
}

async function compare(bytes: Uint8Array, method: HttpMethod = 'GET'): Promise<Compared> {
  const node = await byNode(bytes, method)
  const pairs = (node?.fields ?? []).flatMap((name, index, all) =>
    index % 2 === 0 ? [[name.toLowerCase(), all[index + 1] ?? '']] : [],
  )
  const names = pairs.map(([name = '']) => name)
  const ours = await byUs(bytes, method, names)
  const fields = valuesOf(names, (name) => pairs.filter(([key]) => key === name).map(([, value = '']) => value))
  return { node: node && { ...node, fields }, ours }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`

interface Difference {
  readonly why: string
  readonly samples: readonly string[]
  /** Whether the difference may be in the bytes. */
  readonly mayBeIn: (text: string) => boolean
}

/** What Node.js refuses and this client takes. */
const taken: readonly Difference[] = [
  {
    why: 'a line of a head may end in a line feed alone (RFC 9112, 2.2)',
    samples: ['HTTP/1.1 200 OK\ncontent-length: 2\n\nhi', 'HTTP/1.1 200 OK\r\ncontent-length: 2\n\r\nhi'],
    mayBeIn: (text) => /(?:^|[^\r])\n/.test(text),
  },
  {
    why: 'the same length may be there several times (RFC 9110, 8.6)',
    samples: [`${OK}content-length: 2\r\ncontent-length: 2\r\n\r\nhi`, `${OK}content-length: 2, 2\r\n\r\nhi`],
    mayBeIn: (text) => /content-length:[^]*(?:,|content-length:)/i.test(text),
  },
  {
    why: 'blanks round the parts of a chunk extension are allowed (RFC 9112, 7.1.1), and nothing is read from it',
    samples: [
      `${CHUNKED}2 ; a = b\r\nhi\r\n0\r\n\r\n`,
      `${CHUNKED}2;\r\nhi\r\n0\r\n\r\n`,
      `${CHUNKED}2;(\r\nhi\r\n0\r\n\r\n`,
    ],
    mayBeIn: (text) => /[0-9a-f][ \t]*;/i.test(text),
  },
  {
    why: 'older servers pad the size of a chunk with blanks, which nobody reads as anything else',
    samples: [`${CHUNKED}2  \r\nhi\r\n0\t\r\n\r\n`],
    mayBeIn: (text) => /[0-9a-f][ \t]+\r\n/i.test(text),
  },
]

/** What Node.js takes and this client refuses. */
const refused: readonly Difference[] = [
  {
    why: 'only one transfer coding is understood, and none in HTTP/1.0 (RFC 9112, 6.1 and 6.3)',
    samples: [
      `${OK}transfer-encoding: gzip\r\n\r\nhi`,
      `${OK}transfer-encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
      `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
      'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    ],
    mayBeIn: (text) =>
      /transfer-encoding:(?![ \t]*chunked[ \t]*\r?\n)|transfer-encoding:[^]*transfer-encoding:/i.test(text) ||
      /HTTP\/1\.0[^]*transfer-encoding:/i.test(text),
  },
  {
    why: 'another version of the protocol was not asked for',
    samples: ['HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nhi', 'HTTP/0.9 200 OK\r\n\r\nhi'],
    mayBeIn: (text) => /HTTP\/(?!1\.[01])/.test(text),
  },
  {
    why: 'a status begins with a digit that says of what kind it is (RFC 9110, 15)',
    samples: ['HTTP/1.1 000 OK\r\ncontent-length: 2\r\n\r\nhi', 'HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\nhi'],
    mayBeIn: (text) => /HTTP\/1\.[01] 0/.test(text),
  },
  {
    why: 'a NUL is nowhere in a head (RFC 9112, 4)',
    samples: ['HTTP/1.1 200 O\0K\r\ncontent-length: 2\r\n\r\nhi'],
    mayBeIn: (text) => text.includes('\0'),
  },
  {
    why: 'one empty line before an answer is a slip, several are not',
    samples: [
      `\r\n\r\n${OK}content-length: 2\r\n\r\nhi`,
      `HTTP/1.1 100 Continue\r\n\r\n\r\n${OK}content-length: 2\r\n\r\nhi`,
    ],
    mayBeIn: (text) => /^(?!\r?\nHTTP)[\r\n]+HTTP|\n\r?\n[\r\n]+HTTP/.test(text),
  },
]

/** What both take and read otherwise. */
const readOtherwise: readonly Difference[] = [
  {
    why: 'a tab behind the name of a coding is no part of it (RFC 9110, 5.5)',
    samples: [`${OK}transfer-encoding: chunked\t\r\n\r\n2\r\nhi\r\n0\r\n\r\n`],
    mayBeIn: (text) => /transfer-encoding:[ \t]*chunked[ \t]*\t/i.test(text),
  },
]

test.each(readOtherwise)('where both take it, but read it otherwise: $why', async ({ samples, mayBeIn }) => {
  for (const sample of samples) {
    expect([sample, mayBeIn(sample)]).toEqual([sample, true])
    const { node, ours } = await compare(Buffer.from(sample, 'latin1'))
    expect([ours?.body, node === undefined, node?.body === 'hi']).toEqual(['hi', false, false])
  }
})

describe('where this client takes what Node.js refuses', () => {
  test.each(taken)('$why', async ({ samples, mayBeIn }) => {
    for (const sample of samples) {
      expect([sample, mayBeIn(sample)]).toEqual([sample, true])
      const { node, ours } = await compare(Buffer.from(sample, 'latin1'))
      expect([sample, node, ours?.body]).toEqual([sample, undefined, 'hi'])
    }
  })

  test('bytes behind an answer do not spoil it; the connection is not used again', async () => {
    for (const [sample, body] of [
      [`${OK}content-length: 2\r\n\r\nhi!`, 'hi'],
      ['HTTP/1.1 204 No Content\r\n\r\n!', ''],
      [`${CHUNKED}0\r\n\r\n\r\n!`, ''],
    ] as const) {
      const { node, ours } = await compare(Buffer.from(sample, 'latin1'))
      expect([sample, node, ours?.body]).toEqual([sample, undefined, body])
    }
  })
})

describe('where this client refuses what Node.js takes', () => {
  test.each(refused)('$why', async ({ samples, mayBeIn }) => {
    for (const sample of samples) {
      expect([sample, mayBeIn(sample)]).toEqual([sample, true])
      const { node, ours } = await compare(Buffer.from(sample, 'latin1'))
      expect([sample, node?.body.slice(0, 2), ours]).toEqual([sample, 'hi', undefined])
    }
  })
})

/** How many of the bytes belong to the answer. */
async function lengthOf(bytes: Uint8Array, method: HttpMethod): Promise<number> {
  const wire = openWire()
  wire.send({ method }).then(
    ({ body }) => bytesOf(body).catch(() => undefined),
    () => undefined,
  )
  for (let length = 1; length <= bytes.byteLength; length += 1) {
    await wire.feed(bytes.subarray(length - 1, length))
    if (wire.freed.length > 0 || wire.socket.destroyed) return length
  }
  return bytes.byteLength
}

/** The reason why the two may differ; undefined if there is none. */
async function reasonFor({ node, ours }: Compared, bytes: Buffer, method: HttpMethod): Promise<string | undefined> {
  const text = bytes.toString('latin1')
  if (node !== undefined) {
    const list = ours === undefined ? [...refused, ...readOtherwise] : readOtherwise
    return list.find(({ mayBeIn }) => mayBeIn(text))?.why
  }
  const answer = bytes.subarray(0, await lengthOf(bytes, method))
  if (answer.byteLength < bytes.byteLength) {
    const again = await compare(answer, method)
    return isDeepStrictEqual(again.node, again.ours) ? 'bytes behind' : await reasonFor(again, answer, method)
  }
  return taken.find(({ mayBeIn }) => mayBeIn(text))?.why
}

describe('over random answers', () => {
  test('both read the same, or the difference is one of those above', async () => {
    await fc.assert(
      fc.asyncProperty(sampleAnswer, fc.array(change, { maxLength: 3 }), async ({ bytes, method }, changes) => {
        const what = changed(bytes, changes)
        const compared = await compare(what, method)
        if (isDeepStrictEqual(compared.node, compared.ours)) return
        const reason = await reasonFor(compared, what, method)
        expect([what.toString('latin1'), compared, reason]).toEqual([expect.anything(), compared, expect.any(String)])
      }),
      { numRuns: 500 },
    )
  })
})
