//! What a core does around a call: values as messages and back, streams to their end.

use super::{ClientError, Plugin};
use crate::codec::{self, CodecError};
use crate::proto::tfplugin6 as proto;
use crate::value::{Type, Value};

/// A value as a core sends it.
pub fn sent(value: &Value, ty: &Type) -> Result<proto::DynamicValue, CodecError> {
    Ok(proto::DynamicValue {
        msgpack: codec::encode_msgpack(value, ty)?,
        json: Vec::new(),
    })
}

/// A value as a core reads it; none is null.
pub fn received(value: Option<&proto::DynamicValue>, ty: &Type) -> Result<Value, CodecError> {
    codec::decode_msgpack(value.map(|value| value.msgpack.as_slice()).unwrap_or_default(), ty)
}

impl Plugin {
    /// Lists objects until the provider has no more.
    pub async fn list(
        &self,
        request: proto::list_resource::Request,
    ) -> Result<Vec<proto::list_resource::Event>, ClientError> {
        let mut stream = self.provider()?.list_resource(request).await?.into_inner();
        let mut events = Vec::new();
        while let Some(event) = stream.message().await? {
            events.push(event);
        }
        Ok(events)
    }

    /// Invokes an action and hears it out.
    pub async fn invoke(
        &self,
        request: proto::invoke_action::Request,
    ) -> Result<Vec<proto::invoke_action::event::Type>, ClientError> {
        let mut stream = self.provider()?.invoke_action(request).await?.into_inner();
        let mut events = Vec::new();
        while let Some(event) = stream.message().await? {
            events.extend(event.r#type);
        }
        Ok(events)
    }
}
