#!/usr/bin/env node
// Checks the version of Node before anything modern is parsed, then runs the built program.
var version = process.versions.node.split(".").map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write(
    "nextstrain: this program needs Node.js 20.19 or newer; this is " + process.versions.node + ".\n",
  );
  process.exit(1);
}
import("../dist/main.js").catch((error) => {
  if (error && error.code === "ERR_MODULE_NOT_FOUND" && /dist.main\.js/.test(error.message)) {
    process.stderr.write("nextstrain: the program is not built yet. Run `npm run build` in its directory.\n");
  } else if (error && error.code === "EMFILE") {
    process.stderr.write(
      "Error: This program may not open as many files at once as it needs.\n" +
        "Allow it more (`ulimit -n 1024`), then run the command again.\n",
    );
  } else {
    process.stderr.write(String((error && error.stack) || error) + "\n");
  }
  process.exit(1);
});
