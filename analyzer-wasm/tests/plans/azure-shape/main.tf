# The shape of the AzureRM and AzureAD providers' plans, written by hand: no live provider made plan.json.

data "azurerm_subscription" "current" {}
data "azuread_client_config" "current" {}
data "azuread_application_published_app_ids" "well_known" {}

data "azuread_service_principal" "graph" {
  client_id = data.azuread_application_published_app_ids.well_known.result["MicrosoftGraph"]
}

resource "azurerm_resource_group" "app" {
  name     = "app"
  location = "westeurope"
}

resource "azurerm_user_assigned_identity" "admin" {
  name                = "admin"
  location            = "westeurope"
  resource_group_name = azurerm_resource_group.app.name
}

resource "azurerm_user_assigned_identity" "ci" {
  name                = "ci"
  location            = "westeurope"
  resource_group_name = azurerm_resource_group.app.name
}

resource "azurerm_linux_web_app" "admin" {
  name                = "admin"
  location            = "westeurope"
  resource_group_name = azurerm_resource_group.app.name

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.admin.id]
  }
}

resource "azurerm_role_assignment" "admin" {
  scope                = data.azurerm_subscription.current.id
  role_definition_name = "Owner"
  principal_id         = azurerm_user_assigned_identity.admin.principal_id
}

resource "azurerm_role_assignment" "ci" {
  scope                = azurerm_linux_web_app.admin.id
  role_definition_name = "Website Contributor"
  principal_id         = azurerm_user_assigned_identity.ci.principal_id
}

resource "azurerm_role_definition" "deploy" {
  name  = "deploy"
  scope = data.azurerm_subscription.current.id

  permissions {
    actions     = ["Microsoft.Web/sites/*/read", "Microsoft.Authorization/*"]
    not_actions = ["Microsoft.Authorization/*/delete"]
  }
}

resource "azurerm_role_assignment" "deploy" {
  scope              = data.azurerm_subscription.current.id
  role_definition_id = azurerm_role_definition.deploy.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.ci.principal_id
}

resource "azuread_application" "sync" {
  display_name = "sync"
  owners       = [data.azuread_client_config.current.object_id]

  required_resource_access {
    resource_app_id = "00000003-0000-0000-c000-000000000000"

    resource_access {
      id   = data.azuread_service_principal.graph.app_role_ids["Group.ReadWrite.All"]
      type = "Role"
    }
    resource_access {
      id   = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
      type = "Scope"
    }
  }
}

resource "azuread_service_principal" "sync" {
  client_id = azuread_application.sync.client_id
}

resource "azuread_service_principal" "msgraph" {
  client_id    = data.azuread_application_published_app_ids.well_known.result["MicrosoftGraph"]
  use_existing = true
}

resource "azuread_app_role_assignment" "sync" {
  app_role_id         = azuread_service_principal.msgraph.app_role_ids["RoleManagement.ReadWrite.Directory"]
  principal_object_id = azuread_service_principal.sync.object_id
  resource_object_id  = azuread_service_principal.msgraph.object_id
}

resource "azuread_directory_role" "readers" { display_name = "Directory Readers" }
resource "azuread_directory_role" "apps" { display_name = "Application Administrator" }

resource "azuread_directory_role_assignment" "readers" {
  role_id             = azuread_directory_role.readers.template_id
  principal_object_id = azuread_service_principal.sync.object_id
}

resource "azuread_directory_role_assignment" "apps" {
  role_id             = azuread_directory_role.apps.template_id
  principal_object_id = azurerm_user_assigned_identity.ci.principal_id
}
