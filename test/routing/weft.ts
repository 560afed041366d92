// The command of weft from its sources.
import { main } from '../../src/cli/main.ts';

await main(process.argv);
