"""Deployments, their statuses, and releases."""

from __future__ import annotations

from sandbox.github.links import Links
from sandbox.github.records import Deployment, DeploymentStatus, Release
from sandbox.github.shapes import Json, time
from sandbox.github.shapes.people import user
from sandbox.github.shapes.repositories import address
from sandbox.github.state import Repository, node_id


def deployment(links: Links, repository: Repository, found: Deployment) -> Json:
    here = address(links, repository, "deployments", found.id)
    return {
        "url": here,
        "id": found.id,
        "node_id": node_id("Deployment", found.id),
        "sha": found.sha,
        "ref": found.ref,
        "task": found.task,
        "payload": found.payload,
        "original_environment": found.environment,
        "environment": found.environment,
        "description": found.description,
        "creator": user(links, found.creator),
        "created_at": time(found.created_at),
        "updated_at": time(found.updated_at),
        "statuses_url": here + "/statuses",
        "repository_url": address(links, repository),
        "transient_environment": found.transient,
        "production_environment": found.production,
    }


def deployment_status(links: Links, repository: Repository, of: Deployment, given: DeploymentStatus) -> Json:
    here = address(links, repository, "deployments", of.id)
    return {
        "url": f"{here}/statuses/{given.id}",
        "id": given.id,
        "node_id": node_id("DeploymentStatus", given.id),
        "state": given.state,
        "creator": user(links, given.creator),
        "description": given.description,
        "environment": given.environment,
        "target_url": given.log_url,
        "created_at": time(given.created_at),
        "updated_at": time(given.created_at),
        "deployment_url": here,
        "repository_url": address(links, repository),
        "environment_url": given.environment_url,
        "log_url": given.log_url,
    }


def release(links: Links, repository: Repository, found: Release) -> Json:
    here = address(links, repository, "releases", found.id)
    return {
        "url": here,
        "assets_url": here + "/assets",
        "upload_url": here + "/assets{?name,label}",
        "html_url": links.html(repository.full_name, "releases/tag", found.tag),
        "id": found.id,
        "node_id": node_id("Release", found.id),
        "tag_name": found.tag,
        "target_commitish": found.target,
        "name": found.name,
        "body": found.body,
        "draft": found.draft,
        "prerelease": found.prerelease,
        "created_at": time(found.created_at),
        "published_at": time(found.published_at),
        "author": user(links, found.author),
        "assets": [],
        "tarball_url": address(links, repository, "tarball", found.tag),
        "zipball_url": address(links, repository, "zipball", found.tag),
    }
