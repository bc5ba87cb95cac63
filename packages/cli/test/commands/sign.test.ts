import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { callMain } from '../call-main.ts'

test.each(['PUBLIC KEY', 'PGP PUBLIC KEY BLOCK', 'RSA PUBLIC KEY'])('nothing is signed with a %s', async (label) => {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-sign-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'k.pub')
  await writeFile(file, `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`)
  const { stderr, exitCode } = await callMain(['sign', 'docker://localhost:1/a:1', '--key', file])
  expect(stderr).toContain('k.pub holds a public key: signatures are made with the secret one')
  expect(exitCode).toBe(5)
})
