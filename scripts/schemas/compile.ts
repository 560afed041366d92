export async function writeGenerated(_:unknown){}
