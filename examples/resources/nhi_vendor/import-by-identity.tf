import {
  to = nhi_vendor.acme
  identity = {
    name = "acme-monitoring"
  }
}
