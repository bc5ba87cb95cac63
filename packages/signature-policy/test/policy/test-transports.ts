import {
  dockerPolicyIdentity,
  dockerScopeProblem,
  ImageError,
  type ImageReference,
  type ImageTransport,
  parseDockerReference,
} from '@crossdock/core'

/** `docker:` as far as policies are concerned. The text may hold both tag and digest, and neither is filled in. */
export const docker: ImageTransport = {
  '~transport': { contract: 1, vendor: 'test' },
  name: 'docker',
  parseReference: (text) => {
    const dockerReference = parseDockerReference(text.replace(/^\/\//, ''))
    return {
      transport: docker,
      dockerReference,
      policy: dockerPolicyIdentity(dockerReference),
      toString: () => text,
    }
  },
  validatePolicyScope: (scope) => {
    const problem = dockerScopeProblem(scope)
    if (problem !== undefined) throw new ImageError('INVALID_REFERENCE', problem)
  },
}

/** A place of images without names: every scope begins with a slash. */
export const folders: ImageTransport = {
  '~transport': { contract: 1, vendor: 'test' },
  name: 'dir',
  parseReference: (text) => ({ transport: folders, policy: { identity: text, namespaces: [] }, toString: () => text }),
  validatePolicyScope: (scope) => {
    if (!scope.startsWith('/')) throw new ImageError('INVALID_REFERENCE', 'it must be an absolute path')
  },
}

export const transports: readonly ImageTransport[] = [docker, folders]

export function dockerImage(name: string): ImageReference {
  return docker.parseReference(`//${name}`)
}
