import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createAwsSigner, failureText, type HttpRequest } from '../src/index.ts'
import { awsProblem } from './aws-check.ts'
import { client, type FakeClock, failureOf, type Script, sentTo, serve, textOf } from './harness.ts'

const user = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG', region: 'eu-west-1' }
const sign = createAwsSigner(user)
const signing = { sign, headers: { range: 'bytes=0-9', 'if-none-match': '"1"' } }

function pem(name: string): string {
  return readFileSync(new URL(`fixtures/tls/${name}`, import.meta.url), 'utf8')
}

/** Does as the script says with requests that are signed right, and says what is wrong with the others. */
function signedOnly(clock: FakeClock, script: Script): Script {
  return (request, response, count) => {
    const problem = awsProblem(request, user, clock.now())
    if (problem === undefined) return script(request, response, count)
    response.writeHead(403).end(problem)
  }
}

describe('a request that is signed for AWS', () => {
  test('is taken, by whatever name, with whatever is asked of it', async () => {
    const http = client()
    const server = await serve(signedOnly(http.clock, (_request, response) => void response.end('data')))
    for (const path of ['/', '/a%20b/c$d(1).tar?versionId=x%2By&acl', "/é/it's~here"]) {
      expect(await textOf((await http.get(server.at(path), signing)).body)).toBe('data')
    }
    expect(server.seen[0]?.headers.authorization).toContain('SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,')
    await http.get(server.at('/up'), { sign, method: 'PUT', body: Buffer.from('x') })
    expect(server.seen.at(-1)?.headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD')
  })

  test('is signed anew for each attempt', async () => {
    const http = client({ retryDelayMs: 30 * 60_000, maxRetryDelayMs: 60 * 60_000 })
    const script = signedOnly(
      http.clock,
      (_request, response, count) => void response.writeHead(count < 3 ? 503 : 200).end('data'),
    )
    const server = await serve(script)
    expect(await textOf((await http.get(server.at('/a'), signing)).body)).toBe('data')
    expect(new Set(server.seen.map(({ headers }) => headers['x-amz-date'])).size).toBe(3)
  })

  test('is signed anew where the same origin redirects to', async () => {
    const http = client()
    const script = signedOnly(http.clock, (request, response) => {
      if (request.url === '/a') response.writeHead(307, { location: '/b?c' }).end()
      else response.end('data')
    })
    const server = await serve(script)
    expect(await textOf((await http.get(server.at('/a'), signing)).body)).toBe('data')
    expect(server.seen.map(({ url }) => url)).toEqual(['/a', '/b?c'])
  })

  test('goes unsigned to another origin, and back from there', async () => {
    const http = client()
    const other = await serve((_request, response) => {
      response.writeHead(307, { location: server.at('/end').href }).end()
    })
    const server = await serve((request, response) => {
      if (request.url === '/end') response.end('data')
      else response.writeHead(307, { location: other.at('/c').href }).end()
    })
    expect(await textOf((await http.get(server.at('/a'), signing)).body)).toBe('data')
    expect(sentTo(server)).toContain('AKIAEXAMPLE')
    expect(sentTo(other)).not.toMatch(/authorization|x-amz|AKIAEXAMPLE/i)
    expect(other.seen[0]?.headers.range).toBe('bytes=0-9')
    expect(server.seen.at(-1)?.url).toBe('/end')
    expect(JSON.stringify(server.seen.at(-1))).not.toMatch(/authorization|x-amz|AKIAEXAMPLE/i)
  })

  test('is not answered for when it is refused, and says nothing of its secrets', async () => {
    const http = client({
      credentials: () => {
        throw new Error('nobody is to ask')
      },
    })
    const server = await serve(({ headers }, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' })
      response.end(`not ${headers.authorization} with ${user.secretAccessKey}`)
    })
    const response = await http.get(server.at('/a'), signing)
    expect(response.status).toBe(401)
    expect(server.seen).toHaveLength(1)
    const [, signature = ''] = /Signature=([0-9a-f]{64})/.exec(sentTo(server)) ?? []
    const text = await failureText(response)
    expect(signature).not.toBe('')
    expect(text).toContain('AKIAEXAMPLE')
    expect(text).not.toContain(signature)
    expect(text).not.toContain(user.secretAccessKey)
  })

  test('is left alone where the URL carries a signature itself', async () => {
    const server = await serve((_request, response) => void response.end('data'))
    const path = '/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00'
    await client().get(server.at(path), signing)
    expect(server.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(server.seen[0]?.headers).not.toHaveProperty('x-amz-date')
  })

  test('is so over TLS', async () => {
    const http = client({ tls: () => ({ ca: pem('ca.crt') }) })
    const script = signedOnly(http.clock, (_request, response) => void response.end('data'))
    const server = await serve(script, { key: pem('key.pem'), cert: pem('server.crt') })
    expect(await textOf((await http.get(server.at('/a'), signing)).body)).toBe('data')
  })
})

describe('AWS credentials that cannot be sent', () => {
  test.each([
    ['accessKeyId', ''],
    ['accessKeyId', 'AK\r\nx: y'],
    ['accessKeyId', 'AK/20130524'],
    ['accessKeyId', 'AK,Signature=0'],
    ['accessKeyId', 'é'],
    ['region', ''],
    ['region', 'eu west'],
    ['secretAccessKey', ''],
  ])('%s %j', async (name, value) => {
    const server = await serve((_request, response) => void response.end())
    const error = await failureOf(client().get(server.at('/a'), { sign: createAwsSigner({ ...user, [name]: value }) }))
    expect(error).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining(server.host) })
    expect(error.message).not.toContain(user.secretAccessKey)
    expect(server.seen).toEqual([])
  })
})

test('a signer of others is told what is sent', async () => {
  const told: Pick<HttpRequest, 'method' | 'url'>[] = []
  const http = client()
  const server = await serve((_request, response) => void response.end())
  const own: HttpRequest['sign'] = ({ method, url }, now) => {
    told.push({ method, url })
    return { headers: { 'x-signed': String(now) }, secrets: [] }
  }
  await http.get(server.at('/a'), { method: 'HEAD', sign: own })
  expect(told).toEqual([{ method: 'HEAD', url: server.at('/a') }])
  expect(server.seen[0]?.headers['x-signed']).toBe(String(http.clock.now()))
  const broken = http.get(server.at('/a'), { sign: () => ({ headers: { 'x-signed': 'a\nb' }, secrets: [] }) })
  expect((await failureOf(broken)).message).toMatch(/header/)
})
