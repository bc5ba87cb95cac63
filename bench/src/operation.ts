/**
 * What a tool is asked to do. Images are `HOST:PORT/REPOSITORY:TAG`; folders are OCI layouts with one image, whose tag in them is
 * `latest`; archives are files.
 */
export type Operation =
  | (OverNetwork & {
      readonly kind: 'pull'
      readonly from: string
      readonly folder: string
      readonly state: FolderState
    })
  | (OverNetwork & { readonly kind: 'push'; readonly folder: string; readonly to: string; readonly there: boolean })
  | (OverNetwork & {
      readonly kind: 'copy'
      readonly from: string
      readonly to: string
      readonly sameRegistry: boolean
    })
  | (OverNetwork & { readonly kind: 'inspect'; readonly image: string })
  | (OverNetwork & { readonly kind: 'list-tags'; readonly repository: string })
  | (OverNetwork & { readonly kind: 'save'; readonly from: string; readonly archive: string })
  | (OverNetwork & { readonly kind: 'load'; readonly archive: string; readonly to: string })
  | (OverNetwork & { readonly kind: 'recompress'; readonly from: string; readonly folder: string })
  | (OverNetwork & { readonly kind: 'flatten'; readonly from: string; readonly file: string })
  | { readonly kind: 'folder'; readonly from: string; readonly folder: string }
  | { readonly kind: 'version' }

/** Whether the folder that is pulled to has the image already. */
export type FolderState = 'fresh' | 'complete'

interface OverNetwork {
  /** Whether the registries speak TLS, with a certificate that nobody has signed. */
  readonly tls: boolean
  /** Whether each connection has a limit. */
  readonly limited: boolean
}
