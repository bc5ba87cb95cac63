import { join } from 'node:path'
import { expect, it } from 'vitest'
import { explainCredentials } from '../../src/index.ts'
import { entry, testHost } from './host.ts'

it('tells what is read and what would be asked, without asking, and no secret', async () => {
  const host = await testHost()
  await host.helper('mine', `say('asked')`)
  const runtime = await host.write('run/containers/auth.json', '{"auths":{"quay.io":{"auth":"s3cret"}}}')
  const user = await host.write('home/.config/containers/auth.json', { credHelpers: { 'quay.io': 'mine' } })
  const docker = await host.write('home/.docker/config.json', { auths: { 'quay.io/a': entry('me', 's3cret') } })
  const { environment } = host
  const query = { host: 'quay.io', repository: 'a/b' }
  const explained = await explainCredentials(query, { environment, credentialHelpers: ['containers-auth.json', 'all'] })
  expect(explained).toEqual({
    files: [
      { path: runtime, state: 'wrong', problem: expect.stringContaining('"auth" is not base64') },
      { path: user, state: 'read' },
      { path: docker, state: 'read' },
      { path: join(host.folder, 'home/.dockercfg'), state: 'missing' },
    ],
    places: [
      { file: user, key: 'quay.io', helper: 'docker-credential-mine' },
      { file: docker, key: 'quay.io/a' },
      { key: 'quay.io', helper: 'docker-credential-all' },
    ],
  })
  expect(JSON.stringify(explained)).not.toContain('s3cret')
  await expect(host.read('calls')).rejects.toThrow('ENOENT')
})
