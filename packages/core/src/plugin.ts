import type { ImageTransport } from './transport.ts'

/** What validation of options answers (Standard Schema v1, the part that is needed here). */
export type OptionsResult<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }

/** Any Standard Schema v1 fits, zod's and valibot's among them (https://standardschema.dev). */
export interface OptionsSchema<Options> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => OptionsResult<Options> | Promise<OptionsResult<Options>>
  }
}

/** What a transport package exports as `plugin`, so that the command can load it by package name. */
export interface TransportPlugin<Options = unknown, Transport extends ImageTransport = ImageTransport> {
  readonly name: Transport['name']
  readonly options: OptionsSchema<Options>
  create(options: Options): Transport
}
