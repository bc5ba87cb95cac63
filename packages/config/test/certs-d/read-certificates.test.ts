import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCertificates } from '../../src/index.ts'

const PEM = '-----BEGIN CERTIFICATE-----\n'
let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-certificates-'))
})
afterAll(() => rm(root, { recursive: true }))

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(root, 'certs-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}

test('authorities are trusted besides those that are trusted anyway; other files are not looked at', async () => {
  const path = await folder({ 'b.crt': `${PEM}b`, 'a.crt': `${PEM}a`, 'README.txt': 'hello', 'c.pem': `${PEM}c` })
  await mkdir(join(path, 'sub.d'))
  const { ca = [], cert, key } = await readCertificates(path)
  expect(ca.slice(-2)).toEqual([`${PEM}a`, `${PEM}b`])
  expect(ca.length).toBeGreaterThanOrEqual(rootCertificates.length + 2)
  expect([cert, key]).toEqual([undefined, undefined])
})

test('a pair is the certificate of the client', async () => {
  const path = await folder({ 'me.cert': `${PEM}me`, 'me.key': '-----BEGIN PRIVATE KEY-----\n' })
  expect(await readCertificates(path)).toEqual({ cert: `${PEM}me`, key: '-----BEGIN PRIVATE KEY-----\n' })
})

test.each<[Readonly<Record<string, string>>, string]>([
  [{}, 'has no certificates'],
  [{ 'ca.pem': PEM }, 'has no certificates'],
  [{ 'me.cert': PEM }, 'not its .key'],
  [{ 'me.key': PEM }, 'not its .cert'],
  [{ 'a.cert': PEM, 'a.key': PEM, 'b.cert': PEM, 'b.key': PEM }, 'more than one'],
])('%j is refused: %s', async (files, why) => {
  const failure = readCertificates(await folder(files))
  await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(failure).rejects.toThrow(why)
})

test('what is no certificate, or not there, is a failure and never left out', async () => {
  await expect(readCertificates(join(root, 'absent'))).rejects.toMatchObject({ code: 'IO' })
  const binary = readCertificates(await folder({ 'ca.crt': 'DER' }))
  await expect(binary).rejects.toThrow(/ca\.crt.*not in PEM form/)
  const large = readCertificates(await folder({ 'ca.crt': PEM + 'x'.repeat(2_000_000) }))
  await expect(large).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

test.skipIf(process.platform === 'win32')('a pipe of that name does not hold anything up', async () => {
  const path = await folder({})
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(path, 'ca.crt')])
  await expect(readCertificates(path)).rejects.toThrow('not a regular file')
})

test('a folder without certificates may be one that asks for none', async () => {
  expect(await readCertificates(await folder({ README: 'x' }), { mayBeEmpty: true })).toEqual({})
})
