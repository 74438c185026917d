variable "secret" {
  sensitive = true
  default   = "s3cr3t-value"
}

variable "enabled" {
  default = true
}

# `output` and `id` of these are unknown until apply.
resource "terraform_data" "u" {
  input = "unit"
}

resource "terraform_data" "list" {
  input = ["l1", "l2"]
}

resource "terraform_data" "flag" {
  input = true
}

resource "terraform_data" "each" {
  for_each = { a = "one", b = "two" }
  input    = each.value
}

resource "terraform_data" "count" {
  count = 2
  input = "c${count.index}"
}

resource "terraform_data" "none" {
  count = 0
  input = "never"
}

resource "terraform_data" "secret" {
  input = var.secret
}

module "m" {
  source = "./mod"
  count  = 2
  name   = "n${count.index}"
  parent = terraform_data.u.output
}

module "bare" {
  source   = "./bare"
  for_each = toset(["p", "q"])
  value    = "${each.key}-${terraform_data.u.output}"
}

locals {
  arn  = "arn:x:${terraform_data.u.output}"
  docs = { for k, v in terraform_data.each : k => { Name = k, Arn = v.output } }
}

resource "terraform_data" "t" {
  for_each = {
    template     = "a-${terraform_data.u.output}-b"
    twice        = "${terraform_data.u.output}/${terraform_data.each["a"].output}"
    json         = jsonencode({ Resource = [terraform_data.u.output, "${local.arn}/*"], Fixed = true })
    nested_json  = jsonencode({ a = jsonencode({ b = terraform_data.u.output }) })
    heredoc      = <<-EOT
      {
        "Resource": "${terraform_data.u.output}",
        "Other": ${jsonencode(terraform_data.u.output)},
        "Key": "${terraform_data.each["a"].output}"
      }
    EOT
    join         = join(",", [terraform_data.u.output, "x", terraform_data.count[1].output])
    splat        = join(",", terraform_data.count[*].output)
    values       = join(",", values(terraform_data.each)[*].output)
    format       = format("%s:%s/%d", local.arn, terraform_data.u.output, 5)
    formatlist   = join(" ", formatlist("%s/*", [local.arn, "arn:y"]))
    merged       = jsonencode(merge({ a = 1 }, { b = local.arn }))
    concat       = jsonencode(concat(["x"], [local.arn], terraform_data.count[*].output))
    for_object   = jsonencode(local.docs)
    for_if_known = jsonencode([for k, v in terraform_data.each : v.output if k != "b"])
    module       = module.m[1].doc
    modules      = jsonencode(module.m[*].doc)
    bare         = jsonencode({ for k, m in module.bare : k => m.value })
    absent       = try(terraform_data.none[0].output, "fallback")
    present      = try(terraform_data.count[0].output, "fallback")
    one_none     = jsonencode(one(terraform_data.none[*].output))
    cond_known   = var.enabled ? local.arn : "off"
    cond_unknown = terraform_data.u.output == "unit" ? "yes" : "no"
    cond_doc     = jsonencode({ Action = terraform_data.u.output == "unit" ? ["a", "b"] : ["c"], Resource = local.arn })
    cond_text    = "x-${terraform_data.u.output != "" ? "y" : "z"}-w"
    lower        = lower("ABC-${terraform_data.u.output}")
    trimmed      = trimspace("  x ${terraform_data.u.output} y\n")
    prefix       = trimprefix(local.arn, "arn:")
    replaced     = replace("a.b.${terraform_data.u.output}", ".", "-")
    starts       = startswith(local.arn, "arn:") ? "arn" : "not"
    compact      = jsonencode(compact(["", local.arn, "b"]))
    distinct     = jsonencode(distinct([local.arn, "b", local.arn]))
    flatten      = jsonencode(flatten([["a"], [local.arn, ["c"]]]))
    coalesce     = coalesce("", local.arn)
    lookup       = lookup({ a = local.arn }, "a", "none")
    element      = element(terraform_data.count[*].output, 3)
    length       = tostring(length(terraform_data.count))
    keys         = join(",", keys(terraform_data.each))
    index        = [local.arn, "b"][1]
    decoded      = jsondecode(jsonencode({ x = local.arn })).x
    redecoded    = jsonencode(jsondecode(jsonencode({ x = [local.arn, 1], y = null })))
    contains     = contains(["b", "c"], "c") ? "in" : "out"
    toset        = jsonencode(sort(toset(["b", "a"])))
    template_for = <<-EOT
      %{for k, v in terraform_data.each~}
      ${k}=${v.output}
      %{endfor~}
      end
    EOT
    directive    = "%{if terraform_data.flag.output}on%{else}off%{endif}"
    split_known  = split("/", "a/b")[1]
    secret       = "k=${nonsensitive(var.secret)}"
    tostring     = tostring(terraform_data.u.output)
    numeric      = "${length("abc") + 1}"
    base64       = base64encode(terraform_data.u.output)
    unsupported  = sha256("${terraform_data.u.output}x")
    long_chain   = jsonencode([for d in [for k in ["a", "b"] : local.docs[k]] : merge(d, { Extra = "${d.Name}+${d.Arn}" })])
    substring    = substr(local.arn, 0, 4)
    not          = !terraform_data.flag.output ? "neg" : "pos"
    and          = (terraform_data.flag.output && false) ? "both" : "never"
    or           = (terraform_data.flag.output || true) ? "always" : "no"
    unknown_list = join("+", terraform_data.list.output)
    list_item    = terraform_data.list.output[0]
  }
  input = each.value
}

resource "terraform_data" "object" {
  input = {
    known  = "k"
    arn    = local.arn
    list   = ["a", local.arn]
    nested = { deep = [{ x = terraform_data.u.output, y = 1 }] }
    number = 5
    secret = var.secret
    mixed  = "${var.secret}-${terraform_data.u.output}"
  }
}

output "arn" {
  value = local.arn
}

output "doc" {
  value = { arn = local.arn, name = "known" }
}
