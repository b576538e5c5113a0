/** A file that imports another, both by their paths. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Circles of imports, each as `a → b → a`; at least one of every group of files that reach each other. */
export function findCircles(imports: readonly Import[]): string[] {
  const imported = new Map<string, string[]>();
  for (const { from, to } of imports) imported.set(from, [...(imported.get(from) ?? []), to]);
  const circles: string[] = [];
  const done = new Set<string>();

  function visit(file: string, path: readonly string[]): void {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (path.includes(file) || done.has(file)) return;
    for (const to of imported.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  }

  for (const file of imported.keys()) visit(file, []);
  return circles;
}
