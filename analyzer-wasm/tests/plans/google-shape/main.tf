# The shape of the Google provider's plans, written by hand: no live provider made plan.json.

variable "teams" {
  type    = set(string)
  default = ["a", "b"]
}

resource "google_service_account" "ci" { account_id = "ci" }
resource "google_service_account" "admin" { account_id = "admin" }
resource "google_service_account" "nodes" { account_id = "nodes" }

resource "google_service_account" "team" {
  for_each   = var.teams
  account_id = "team-${each.key}"
}

resource "google_project_iam_member" "admin" {
  project = "payments"
  role    = "roles/owner"
  member  = "serviceAccount:${google_service_account.admin.email}"
}

resource "google_service_account_iam_member" "ci" {
  service_account_id = google_service_account.admin.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.ci.member
}

resource "google_project_iam_binding" "logs" {
  project = "payments"
  role    = "roles/logging.logWriter"
  members = [google_service_account.nodes.member, google_service_account.ci.member]
}

resource "google_project_iam_custom_role" "deploy" {
  project     = "payments"
  role_id     = "deploy"
  title       = "deploy"
  permissions = ["cloudfunctions.functions.sourceCodeSet", "cloudfunctions.functions.update"]
}

resource "google_project_iam_member" "deploy" {
  for_each = var.teams
  project  = "payments"
  role     = google_project_iam_custom_role.deploy.id
  member   = google_service_account.team[each.key].member
}

# Only one of the teams may attach service accounts.
resource "google_project_iam_member" "act" {
  for_each = setintersection(var.teams, ["a"])
  project  = "payments"
  role     = "roles/iam.serviceAccountUser"
  member   = google_service_account.team[each.key].member
}

data "google_iam_policy" "bucket" {
  binding {
    role    = "roles/storage.objectViewer"
    members = ["allUsers"]
  }
  binding {
    role    = "roles/storage.admin"
    members = [google_service_account.ci.member]
  }
}

resource "google_storage_bucket_iam_policy" "exports" {
  bucket      = "exports"
  policy_data = data.google_iam_policy.bucket.policy_data
}

resource "google_compute_instance" "worker" {
  name         = "worker"
  machine_type = "e2-small"

  service_account {
    scopes = ["cloud-platform"]
  }
}
