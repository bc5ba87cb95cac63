import { digestOf } from '@crossdock/core'
import { expect, test } from 'vitest'
import { type RegistryServer, startRegistry } from '../src/index.ts'
import { ask } from './client.ts'

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [],
})
const DIGEST = digestOf(new TextEncoder().encode(MANIFEST))
const PATH = `/extensions/v2/team/app/signatures/${DIGEST}`

async function withManifest(signatureExtension: boolean): Promise<RegistryServer> {
  const server = await startRegistry({ signatureExtension })
  const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json' }
  await ask(server.url, '/v2/team/app/manifests/1', { method: 'PUT', headers, body: MANIFEST })
  return server
}

function signature(members: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    type: 'atomic',
    name: `${DIGEST}@${'a'.repeat(32)}`,
    content: 'kAE=',
    ...members,
  })
}

test('are kept beside a manifest, and every answer says so', async () => {
  await using server = await withManifest(true)
  expect((await ask(server.url, PATH)).body.toString()).toBe('{"signatures":[]}\n')
  expect((await ask(server.url, PATH, { method: 'PUT', body: signature() })).status).toBe(201)
  const { status, body, headers } = await ask(server.url, PATH)
  expect(status).toBe(200)
  expect(JSON.parse(body.toString())).toEqual({ signatures: [JSON.parse(signature())] })
  expect(headers['x-registry-supports-signatures']).toBe('1')
  expect((await ask(server.url, '/v2/none/manifests/1')).headers['x-registry-supports-signatures']).toBe('1')
  await ask(server.url, `/v2/team/app/manifests/${DIGEST}`, { method: 'DELETE' })
  expect((await ask(server.url, PATH)).status).toBe(404)
})

test.each([
  ['of a version', 400, { schemaVersion: 1 }],
  ['of a type', 400, { type: 'other' }],
  ['of a name', 400, { name: `${DIGEST}@${'a'.repeat(31)}` }],
  ['for another manifest', 400, { name: `sha256:${'0'.repeat(64)}@${'a'.repeat(32)}` }],
  ['that is no base64', 400, { content: 'a' }],
  ['of a name that is taken', 409, {}],
])('are refused %s', async (_case, status, members) => {
  await using server = await withManifest(true)
  await ask(server.url, PATH, { method: 'PUT', body: signature() })
  expect((await ask(server.url, PATH, { method: 'PUT', body: signature(members) })).status).toBe(status)
})

test('have no place by default', async () => {
  await using server = await withManifest(false)
  const { status, headers } = await ask(server.url, PATH)
  expect(status).toBe(404)
  expect(headers['x-registry-supports-signatures']).toBeUndefined()
})
