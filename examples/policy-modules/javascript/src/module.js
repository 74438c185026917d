// @ts-check
/** The module: its name, its rules and its settings. The component is made of the `module` in this file. */

import { defineModule } from "../sdk/nhi-policy.js";
import { missingTag } from "./missing-tag.js";

export const module = defineModule({
  name: "team-policy",
  version: "0.1.0",
  rules: [missingTag],
  settingsSchema: {
    type: "object",
    additionalProperties: false,
    properties: {
      required_tags: {
        description: "Tags that every covered resource must carry with a value.",
        type: "array",
        minItems: 1,
        items: { type: "string", minLength: 1 },
        default: ["owner"],
      },
    },
  },
});
