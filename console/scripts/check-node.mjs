// Refuses a Node older than the build tools can run on, in words a person can act on.
// Plain old JavaScript on purpose: it has to parse on the very versions it refuses.
var NEEDED = [20, 19];

var parts = process.versions.node.split(".").map(Number);
var isOld = parts[0] < NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] < NEEDED[1]);
if (isOld) {
  console.error("");
  console.error("Markaz needs Node " + NEEDED.join(".") + " or newer; this is Node " + process.versions.node + ".");
  console.error("Install a newer one (https://nodejs.org or your distribution's nodejs package) and run the same command again.");
  console.error("");
  process.exit(1);
}
