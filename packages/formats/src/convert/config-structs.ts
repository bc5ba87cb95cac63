import { type GoField, type GoStruct, goStruct, type GoType } from './go-struct.ts'

function always(name: string, type: GoType): GoField {
  return { name, type }
}

function ifAny(name: string, type: GoType): GoField {
  return { name, type, omitEmpty: true }
}

/** What a configuration of OCI keeps (image-spec 1.1, config.md), in the order of the specification's Go structure. */
export const OCI_RUN_CONFIG: GoStruct = goStruct([
  ifAny('User', 'string'),
  ifAny('ExposedPorts', 'set'),
  ifAny('Env', 'strings'),
  ifAny('Entrypoint', 'strings'),
  ifAny('Cmd', 'strings'),
  ifAny('Volumes', 'set'),
  ifAny('WorkingDir', 'string'),
  ifAny('Labels', 'map'),
  ifAny('StopSignal', 'string'),
  ifAny('ArgsEscaped', 'bool'),
])

const OCI_HISTORY: GoStruct = goStruct([
  ifAny('created', 'time'),
  ifAny('created_by', 'string'),
  ifAny('author', 'string'),
  ifAny('comment', 'string'),
  ifAny('empty_layer', 'bool'),
])

const ROOTFS: GoStruct = goStruct([always('type', 'string'), always('diff_ids', 'strings')])

export const OCI_IMAGE: GoStruct = goStruct([
  ifAny('created', 'time'),
  ifAny('author', 'string'),
  always('architecture', 'string'),
  always('os', 'string'),
  ifAny('os.version', 'string'),
  ifAny('os.features', 'strings'),
  ifAny('variant', 'string'),
  always('config', { struct: OCI_RUN_CONFIG }),
  always('rootfs', { struct: ROOTFS }),
  ifAny('history', { list: OCI_HISTORY }),
])

const DOCKER_HEALTHCHECK: GoStruct = goStruct([
  ifAny('Test', 'strings'),
  ifAny('StartPeriod', 'int'),
  ifAny('Interval', 'int'),
  ifAny('Timeout', 'int'),
  ifAny('Retries', 'int'),
])

/** How a container starts, as Docker wrote it (moby, api/types/container). */
const DOCKER_RUN_CONFIG: GoStruct = goStruct([
  always('Hostname', 'string'),
  always('Domainname', 'string'),
  always('User', 'string'),
  always('AttachStdin', 'bool'),
  always('AttachStdout', 'bool'),
  always('AttachStderr', 'bool'),
  ifAny('ExposedPorts', 'set'),
  always('Tty', 'bool'),
  always('OpenStdin', 'bool'),
  always('StdinOnce', 'bool'),
  always('Env', 'strings'),
  always('Cmd', 'words'),
  ifAny('Healthcheck', { struct: DOCKER_HEALTHCHECK }),
  ifAny('ArgsEscaped', 'bool'),
  always('Image', 'string'),
  always('Volumes', 'set'),
  always('WorkingDir', 'string'),
  always('Entrypoint', 'words'),
  ifAny('NetworkDisabled', 'bool'),
  ifAny('MacAddress', 'string'),
  always('OnBuild', 'strings'),
  always('Labels', 'map'),
  ifAny('StopSignal', 'string'),
  ifAny('StopTimeout', 'int'),
  ifAny('Shell', 'words'),
])

/** One image of Docker before it had layers by digest: what `v1Compatibility` of schema 1 holds (moby, image.V1Image). */
export const DOCKER_V1_IMAGE: GoStruct = goStruct([
  ifAny('id', 'string'),
  ifAny('parent', 'string'),
  ifAny('comment', 'string'),
  always('created', 'time'),
  ifAny('container', 'string'),
  always('container_config', { struct: DOCKER_RUN_CONFIG }),
  ifAny('docker_version', 'string'),
  ifAny('author', 'string'),
  ifAny('config', { struct: DOCKER_RUN_CONFIG }),
  ifAny('architecture', 'string'),
  ifAny('variant', 'string'),
  ifAny('os', 'string'),
  ifAny('Size', 'int'),
])

/** A step of an image's history in a configuration of schema 2 (moby, image.History). */
export const DOCKER_HISTORY: GoStruct = goStruct([
  always('created', 'time'),
  ifAny('author', 'string'),
  ifAny('created_by', 'string'),
  ifAny('comment', 'string'),
  ifAny('empty_layer', 'bool'),
])

/** A configuration of schema 2 (moby, image.Image). */
export const DOCKER_IMAGE: GoStruct = goStruct([
  ...DOCKER_V1_IMAGE.fields,
  ifAny('rootfs', { struct: ROOTFS }),
  ifAny('history', { list: DOCKER_HISTORY }),
  ifAny('os.version', 'string'),
  ifAny('os.features', 'strings'),
])

/** One entry of schema 1's history but the top one, as a conversion makes it. */
export const DOCKER_V1_STEP: GoStruct = goStruct([
  always('id', 'string'),
  ifAny('parent', 'string'),
  ifAny('comment', 'string'),
  always('created', 'time'),
  always('container_config', { struct: goStruct([always('Cmd', 'strings')]) }),
  ifAny('author', 'string'),
  ifAny('throwaway', 'bool'),
])
