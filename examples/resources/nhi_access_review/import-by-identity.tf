import {
  to = nhi_access_review.quarterly
  identity = {
    name = "production-quarterly"
  }
}
