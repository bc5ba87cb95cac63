import { readFileSync } from 'node:fs'
import { digestOf, type ImageErrorCode } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { describe, expect, it } from 'vitest'
import { type FailureContext, readRefusal, responseError } from '../src/errors.ts'

const DIGEST = digestOf(new Uint8Array())
const context: FailureContext = { what: 'manifest t of docker://example.com/a', subject: 'manifest', side: 'source' }

interface Answer {
  readonly status: number
  readonly body?: string | undefined
  readonly type?: string | undefined
}

function answer({ status, body = '', type = 'application/json' }: Answer): HttpResponse {
  const headers = { get: (name: string) => (name === 'content-type' ? type : undefined), all: () => [] }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(body)
  }
  return { status, headers, url: new URL('https://example.com/v2/'), body: bytes(), discard: () => Promise.resolve() }
}

function errors(code: string, message = 'message', detail?: unknown): string {
  return JSON.stringify({ errors: [{ code, message, detail }] })
}

describe('responseError', () => {
  it.each<[number, string, ImageErrorCode]>([
    [400, '', 'INVALID_DATA'],
    [400, errors('DIGEST_INVALID'), 'DIGEST_MISMATCH'],
    [400, errors('MANIFEST_INVALID'), 'UNSUPPORTED'],
    [400, errors('UNSUPPORTED'), 'UNSUPPORTED'],
    [400, errors('TOOMANYREQUESTS'), 'RATE_LIMITED'],
    [401, '', 'UNAUTHENTICATED'],
    [403, '<html>denied</html>', 'FORBIDDEN'],
    [404, errors('NAME_UNKNOWN'), 'NOT_FOUND'],
    [404, errors('UNKNOWN', 'Not Found'), 'NOT_FOUND'],
    [404, errors('DENIED'), 'NOT_FOUND'],
    [404, 'Not found', 'NOT_FOUND'],
    [405, errors('UNSUPPORTED'), 'UNSUPPORTED'],
    [409, '', 'CONFLICT'],
    [413, '<html>too large</html>', 'LIMIT_EXCEEDED'],
    [429, errors('TOOMANYREQUESTS', 'retry-after: 880us, allowed: 44000/minute'), 'RATE_LIMITED'],
    [500, errors('UNKNOWN'), 'UNAVAILABLE'],
    [503, '', 'UNAVAILABLE'],
    [522, '', 'UNAVAILABLE'],
    [200, '', 'INVALID_DATA'],
    [333, 'x', 'INVALID_DATA'],
  ])('status %i with %j is %s', async (status, body, code) => {
    const error = await responseError(answer({ status, body }), context)
    expect(error.code).toBe(code)
    expect(error.message).toContain('manifest t of docker://example.com/a')
    expect(error.message).toContain(String(status))
    expect(error.retryable).toBe(code === 'UNAVAILABLE' || code === 'RATE_LIMITED')
  })

  it('names what a refused manifest lacks', async () => {
    const details = [DIGEST, { digest: DIGEST }, [{ Digest: DIGEST }], { name: 'a', blob: { digest: DIGEST } }]
    for (const detail of details) {
      for (const status of [400, 404]) {
        const body = errors('MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry', detail)
        const error = await responseError(answer({ status, body }), { ...context, side: 'destination' })
        expect(error).toMatchObject({ code: 'CONFLICT', missing: [DIGEST], retryable: false })
      }
    }
  })

  it('shows text of servers bounded, without control characters, tags and secrets', async () => {
    const body = `<html><title>No\u001b[31m</title>${'x'.repeat(5000)}`
    const page = await responseError(answer({ status: 502, body, type: 'text/html' }), context)
    expect(page.message.length).toBeLessThan(800)
    expect(['\u001b', '<', '>'].filter((character) => page.message.includes(character))).toEqual([])
    const secret = errors('DENIED', 'token=eyJhbGciOiJSUzI1NiJ9.e30.s3cret-signature is not allowed')
    const denied = await responseError(answer({ status: 403, body: secret }), context)
    expect(denied.message).not.toContain('s3cret')
  })

  it('reads at most 64 KiB', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1024
        yield new Uint8Array(1024)
      }
    }
    const refusal = await readRefusal({ ...answer({ status: 500 }), body: endless() })
    expect(refusal.text).toContain('500')
    expect(given).toBeLessThan(70 * 1024)
  })

  it('finds no such image in what real registries answer', async () => {
    const file = new URL('fixtures/containers-image/error-answers.json', import.meta.url)
    const [{ rows }] = (
      JSON.parse(readFileSync(file, 'utf8')) as { TestRegistryHTTPResponseToError: [{ rows: { response: string }[] }] }
    ).TestRegistryHTTPResponseToError // a file of this package
    const codes: string[] = []
    for (const { response } of rows) {
      const [head = '', ...rest] = response.split('\r\n\r\n')
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1])
      codes.push(`${status} ${(await responseError(answer({ status, body: rest.join('') }), context)).code}`)
    }
    expect(codes).toEqual([
      '333 INVALID_DATA',
      '400 INVALID_DATA',
      '401 UNAUTHENTICATED',
      '401 UNAUTHENTICATED',
      '404 NOT_FOUND',
      '404 NOT_FOUND',
      '404 NOT_FOUND',
      '404 NOT_FOUND',
      '404 NOT_FOUND',
    ])
  })
})
