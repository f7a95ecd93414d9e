import { basename } from "node:path";
import { Command } from "commander";
import { report } from "../report/report.ts";
import { checkOutputs, short, writeFile } from "./output.ts";
import { chosenIn, chosenTable, provedBy, seenIn } from "./reporting.ts";
import { readStudy } from "./study-file.ts";

export function reportCommand(): Command {
  return new Command("report")
    .description("write one page with the pictures of a study")
    .argument("<study.jsonl>", "what `tune --study` or `ask-tell --study` keeps, or JSON.stringify(study)")
    .option("--output <file.html>", "where the page goes", "report.html")
    .action((path: string, { output }: { readonly output: string }) => {
      checkOutputs({ output }, [path]);
      const { study, warnings } = readStudy(path);
      for (const warning of warnings) console.error(`learnloss: warning: ${path}: ${warning}`);
      const { trials, observations } = study;
      const chosen = chosenIn(study);
      const failed = trials.filter(({ status }) => status === "failed").length;
      const tried = `${trials.length} trials${failed > 0 ? ` (${failed} failed)` : ""}`;
      const page = {
        title: basename(path),
        subtitle: chosen
          ? `Error ${short(chosen.error)} after ${tried} and ${observations.length} models seen.`
          : `${tried}, no model has an error yet.`,
        metric: "error",
        ...seenIn(study, chosen?.lambda, chosen?.error),
        table: chosenTable(study),
        ...provedBy(study, study.certificate, chosen?.lambda),
      };
      writeFile(output, report(page));
      console.log(output);
    });
}
