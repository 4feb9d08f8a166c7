// Whether a source with a fault in it still compiles: a fault that does not is never committed, and counts for nothing.
import ts from 'typescript'

/** What a missing statement leaves unused or unreachable is no error of types. */
const harmlessCodes: ReadonlySet<number> = new Set([6133, 6138, 6192, 6196, 6198, 6205, 7027])

export class Compiler {
  readonly #service: ts.LanguageService
  readonly #changed = new Map<string, { readonly text: string; readonly version: number }>()
  #version = 0

  /** Of these files, by absolute paths, with the options of a tsconfig.json. */
  constructor(root: string, files: readonly string[]) {
    const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [...files] }, ts.sys, root)
    const documents = ts.createDocumentRegistry()
    const textOf = (file: string): string | undefined => this.#changed.get(file)?.text ?? ts.sys.readFile(file)
    this.#service = ts.createLanguageService(
      {
        getCompilationSettings: () => options,
        getScriptFileNames: () => [...files],
        getScriptVersion: (file) => String(this.#changed.get(file)?.version ?? 0),
        getScriptSnapshot: (file) => {
          const text = textOf(file)
          return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
        },
        getCurrentDirectory: () => root,
        getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
        fileExists: ts.sys.fileExists,
        readFile: textOf,
        readDirectory: ts.sys.readDirectory,
        directoryExists: ts.sys.directoryExists,
        getDirectories: ts.sys.getDirectories,
      },
      documents,
    )
  }

  /** With this text in the place of the file's own. Others that use the file are not looked at. */
  accepts(file: string, text: string): boolean {
    this.#changed.set(file, { text, version: ++this.#version })
    const found = [...this.#service.getSyntacticDiagnostics(file), ...this.#service.getSemanticDiagnostics(file)]
    this.#changed.delete(file)
    return found.every(({ code, category }) => harmlessCodes.has(code) || category !== ts.DiagnosticCategory.Error)
  }

  close(): void {
    this.#service.dispose()
  }
}
