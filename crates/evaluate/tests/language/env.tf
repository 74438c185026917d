variable "names" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "object" {
  type = object({
    name  = string
    size  = optional(number, 3)
    extra = optional(string)
    tags  = optional(map(string), {})
  })
  default = { name = "n", ignored = true, size = null }
}
variable "numbers" {
  type    = list(number)
  default = ["1", 2, 3.5]
}
variable "flag" {
  type    = bool
  default = "true"
}
variable "nothing" {
  default = null
}
variable "filled" {
  type     = string
  nullable = false
  default  = "d"
}
variable "tuple" {
  type    = tuple([string, number])
  default = [1, "2"]
}
locals {
  list  = ["x", "y", "z"]
  map   = { b = 2, a = 1, c = 3 }
  deep  = { list = [{ name = "one", tags = ["t1", "t2"] }, { name = "two", tags = [] }] }
  empty = []
  text  = "Hello, World"
  users = [{ name = "u1", admin = true }, { name = "u2", admin = false }]
  chain = local.chained
  chained = "end"
  nested_for = [for u in local.users : { (u.name) = [for t in ["p", "q"] : "${u.name}-${t}"] }]
  heredoc = <<EOT
x
  %{ for i in local.list ~}
  srv ${i}
  %{ endfor ~}
end
EOT
  indented = <<-EOT
    a
      ${local.list[0]} b

    c
  EOT
  spread = <<EOT
a
   ${~ local.list[0] ~}   

   z
EOT
  directives = <<-EOT
    %{ if true }
    yes "q" \n
    %{ else }
    no
    %{ endif }
    ${local.list[1]}
   x
  EOT
  tabs = <<-EOT
  	tab
    ${"x"}
  EOT
  flush = <<-EOT
${local.list[0]}
    abc
  EOT
  json_doc = <<-EOT
    {
      "a": [%{ for i, v in local.list }
        "${v}"%{ if i < 2 },%{ endif }%{ endfor }
      ]
    }
    EOT
  otherwise = <<EOT
%{ if false ~}
x
%{ else ~}
   y
%{ endif ~}
EOT
  dollars = <<EOT
$${x} $ { %%{y} % { $$ "\t"
EOT
}
locals {
  shallow_inside = <<-EOT
      a
    %{ for x in ["p", "q"] }
   x${x}
    %{ endfor }
   
      z
  EOT
  blank_lines = <<-EOT
      a
         
  
      b $${c}
  EOT
  multi = <<-EOT
      a ${join("-", [
  "x",
])}
      b
  EOT
  at_start = <<-EOT
    %{ if true }x%{ endif }
  y
  EOT
  escaped = <<-EOT
    $${a}
      %%{b}
  EOT
  empty_doc = <<-EOT
  EOT
}
locals {
  marked_inside = <<-EOT
      %{ for i in local.list ~}
      ${i}=1
      %{ endfor ~}
      end
  EOT
  marked_before = <<-EOT
      a
        %{~ if true }
      b
      %{~ endif ~}
      c
  EOT
}
