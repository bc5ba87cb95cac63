import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { engineSettings } from '../src/engine-settings.ts'

test.each([
  [{}, {}, {}],
  [{}, { DOCKER_HOST: '', DOCKER_CERT_PATH: '', DOCKER_TLS_VERIFY: '' }, {}],
  [{}, { DOCKER_HOST: 'tcp://engine:2375' }, { host: 'tcp://engine:2375' }],
  [{ host: 'unix:///a' }, { DOCKER_HOST: 'tcp://engine:2375' }, { host: 'unix:///a' }],
  [{}, { DOCKER_TLS_VERIFY: '1' }, { certDir: join(homedir(), '.docker') }],
  [{}, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' }, { certDir: '/certs' }],
  [{ certDir: '/mine' }, { DOCKER_CERT_PATH: '/certs' }, { certDir: '/mine' }],
])('flags %j with the environment %j mean %j', (flags, env, settings) => {
  expect(engineSettings(flags, env)).toEqual(settings)
})
